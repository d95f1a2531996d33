#pragma once

// Windows and keyed state aggregate alike.
#include "libflow/state/aggregate_function.hpp"
