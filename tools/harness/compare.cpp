#include "tools/harness/compare.hpp"

#include <algorithm>

namespace flow::harness {

namespace {

/// An input element passed on is {key, value}; a case may name the value
/// alone.
bool same_record(const value& expected, const item& actual) {
  return same_result(expected, actual.record)
         || (actual.passed_on && same_result(expected, actual.record["value"]));
}

timestamp time_of(const value& stamp) {
  return stamp.is_null() ? min_timestamp : stamp.as_int();
}

bool same_item(const value& expected, const item& actual) {
  switch (actual.what) {
  case item::kind::watermark:
    return expected.find("watermark") != nullptr
           && expected["watermark"].as_int() == actual.time;
  case item::kind::status:
    return expected["status"]
           == value{actual.status == stream_status::idle ? "idle" : "active"};
  case item::kind::record:
    break;
  }
  if (time_of(expected["ts"]) != actual.time)
    return false;
  if (const value* record = expected.find("record"))
    return same_record(*record, actual);
  // An element that was passed on may stand as it came in.
  const value* element = expected.find("element");
  const value& came = element != nullptr ? *element : expected;
  return actual.passed_on && came.find("value") != nullptr
         && same_result(came["value"], actual.record["value"])
         && (came.find("key") == nullptr
             || same_result(came["key"], actual.record["key"]));
}

bool is_mark(const value& expected) {
  return expected.find("watermark") != nullptr
         || expected.find("status") != nullptr;
}

/// Whether some order of the one range is the other. Items are few.
bool same_multiset(const value* first, const value* last, const item* begin,
                   const item* end) {
  std::vector<const item*> rest;
  for (; begin != end; ++begin)
    rest.push_back(begin);
  for (; first != last; ++first) {
    const auto found = std::ranges::find_if(
      rest, [&](const item* one) { return same_item(*first, *one); });
    if (found == rest.end())
      return false;
    rest.erase(found);
  }
  return rest.empty();
}

bool same_between_watermarks(const value::list& expected,
                             const std::vector<item>& actual) {
  std::size_t e = 0;
  std::size_t a = 0;
  for (;;) {
    std::size_t e_end = e;
    std::size_t a_end = a;
    while (e_end < expected.size() && !is_mark(expected[e_end]))
      ++e_end;
    while (a_end < actual.size() && actual[a_end].what == item::kind::record)
      ++a_end;
    if (!same_multiset(expected.data() + e, expected.data() + e_end,
                       actual.data() + a, actual.data() + a_end))
      return false;
    if (e_end == expected.size() || a_end == actual.size())
      return e_end == expected.size() && a_end == actual.size();
    if (!same_item(expected[e_end], actual[a_end]))
      return false;
    e = e_end + 1;
    a = a_end + 1;
  }
}

bool same(const value::list& expected, const std::vector<item>& actual,
          output_order order) {
  switch (order) {
  case output_order::exact:
    return std::ranges::equal(expected, actual, same_item);
  case output_order::between_watermarks:
    return same_between_watermarks(expected, actual);
  case output_order::any:
    break;
  }
  return same_multiset(expected.data(), expected.data() + expected.size(),
                       actual.data(), actual.data() + actual.size());
}

} // namespace

output_order order_named(const std::string& name) {
  if (name == "exact")
    return output_order::exact;
  if (name == "any-between-watermarks")
    return output_order::between_watermarks;
  if (name == "any")
    return output_order::any;
  throw unknown_feature("the order \"" + name + "\" is not known");
}

std::optional<std::string> difference(const value::list& expected,
                                      const std::vector<item>& actual,
                                      output_order order) {
  if (same(expected, actual, order))
    return std::nullopt;
  return "expected " + value{expected}.dump() + " got " + to_text(actual);
}

std::string to_text(const item& one) {
  switch (one.what) {
  case item::kind::watermark:
    return R"({"watermark":)" + value{one.time}.dump() + "}";
  case item::kind::status:
    return one.status == stream_status::idle ? R"({"status":"idle"})"
                                             : R"({"status":"active"})";
  case item::kind::record:
    break;
  }
  const value stamp = one.time == min_timestamp ? value{} : value{one.time};
  return R"({"record":)" + one.record.dump() + R"(,"ts":)" + stamp.dump() + "}";
}

std::string to_text(const std::vector<item>& items) {
  std::string result = "[";
  for (const item& one : items)
    result += (result.size() > 1 ? "," : "") + to_text(one);
  return result + "]";
}

} // namespace flow::harness
