#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "libflow/flow.hpp"

namespace ysb {

inline constexpr std::int64_t campaigns = 100;
inline constexpr std::int64_t ads_per_campaign = 10;
inline constexpr std::int64_t ads = campaigns * ads_per_campaign;

enum class event_type : std::int64_t { view, click, purchase };

inline constexpr std::array<std::string_view, 3> event_type_names{
  "view", "click", "purchase"};
inline constexpr std::array<std::string_view, 5> ad_type_names{
  "banner", "modal", "sponsored-search", "mail", "mobile"};

/// An event about an advertisement: 64 bytes, as the research engines have
/// it.
struct ad_event {
  flow::timestamp event_time = 0;
  std::int64_t user_id = 0;
  std::int64_t page_id = 0;
  std::int64_t ad_id = 0;
  std::int64_t ad_type = 0;
  event_type type = event_type::view;
  std::int64_t ip_address = 0;
  std::int64_t padding = 0;
};

static_assert(sizeof(ad_event) == 64);

} // namespace ysb
