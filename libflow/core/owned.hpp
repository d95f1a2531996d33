#pragma once

#include <memory>
#include <utility>

namespace flow {

/// A new Derived, owned through its base.
///
/// As std::make_unique, but a job does not compile the owning pointer, nor the
/// shared one made from it, for each of its own types: they are those of the
/// base. @pre Base has a virtual destructor
template <class Base, class Derived, class... Arguments>
[[nodiscard]] std::unique_ptr<Base> make_owned(Arguments&&... arguments) {
  return std::unique_ptr<Base>(
    new Derived(std::forward<Arguments>(arguments)...));
}

} // namespace flow
