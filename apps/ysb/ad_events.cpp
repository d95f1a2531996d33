#include "apps/ysb/ad_events.hpp"

#include <algorithm>
#include <charconv>

#include "apps/support/strands.hpp"

namespace ysb {

namespace {

constexpr std::uint64_t people = 100; ///< and as many pages
constexpr std::uint64_t block = 1024;

std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// Makes `T` of events by `void fill(const ad_event&, record_batch<T>&)`.
/// As they are read, or before the clock starts, and copied then.
template <class T, class Fill>
class generated final : public flow::source<T> {
public:
  generated(const ad_config& config, std::string kind, Fill fill)
    : config_(config), kind_(std::move(kind)), fill_(fill),
      prepared_(config.pregenerate ? prepare() : nullptr) {}

  [[nodiscard]] std::string kind() const override { return kind_; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] flow::replay_guarantee replay() const override {
    return flow::replay_guarantee::replayable;
  }
  [[nodiscard]] std::unique_ptr<flow::source_reader<T>>
  make_reader() const override {
    return std::make_unique<reader>(config_, fill_, prepared_);
  }

private:
  using batches = std::vector<flow::record_batch_ptr<T>>;

  std::shared_ptr<const batches> prepare() {
    auto result = std::make_shared<batches>();
    for (std::uint64_t at = 0; at < config_.events;) {
      auto& next = result->emplace_back(flow::record_batch<T>::make());
      for (const std::uint64_t end = std::min(at + block, config_.events);
           at < end; ++at)
        fill_(make_event(config_, at), *next);
    }
    return result;
  }

  class reader final : public flow::source_reader<T> {
  public:
    reader(const ad_config& config, Fill fill,
           std::shared_ptr<const batches> prepared)
      : config_(config), fill_(fill), prepared_(std::move(prepared)),
        rest_(config.events, block) {}

    flow::expected<void> open(flow::source_context& context) override {
      rest_.deal(context.subtask_index(), context.parallelism());
      return {};
    }

    flow::expected<flow::poll_result> poll(flow::record_batch<T>& out,
                                           std::size_t room) override {
      while (room > 0 && !rest_.done() && !out.at_target()) {
        const auto [first, end] = rest_.next(room);
        room -= end - first;
        put(first, end, out);
        rest_.advance_to(end);
      }
      return flow::poll_result{rest_.done() ? flow::poll_status::finished
                                            : flow::poll_status::more,
                               {}};
    }

    void stop() override { rest_.clear(); }
    [[nodiscard]] std::vector<flow::byte_string> snapshot() const override {
      return rest_.snapshot();
    }
    flow::expected<void>
    restore(std::span<const flow::byte_string> entries) override {
      return rest_.restore(entries);
    }

  private:
    /// The events [first, end) of one block.
    void put(std::uint64_t first, std::uint64_t end,
             flow::record_batch<T>& out) {
      if (prepared_) {
        const std::size_t begin = first % block;
        out.append_range(*(*prepared_)[first / block], begin,
                         begin + (end - first));
        return;
      }
      for (; first < end; ++first)
        fill_(make_event(config_, first), out);
    }

    ad_config config_;
    Fill fill_;
    std::shared_ptr<const batches> prepared_; ///< null: made when read
    flow::strands rest_;
  };

  ad_config config_;
  std::string kind_;
  Fill fill_;
  std::shared_ptr<const batches> prepared_;
};

struct fill_events {
  void operator()(const ad_event& each,
                  flow::record_batch<ad_event>& out) const {
    out.append(each, each.event_time);
  }
};

struct fill_lines {
  void operator()(const ad_event& each, flow::record_batch<flow::text>& out) {
    line.clear();
    append_json(each, line);
    out.append(flow::text::borrow(line), each.event_time);
  }
  std::string line;
};

/// A UUID that says a number.
void append_uuid(std::int64_t id, std::string& to) {
  char digits[17];
  const auto [end, code] =
    std::to_chars(digits, digits + sizeof digits, id, 16);
  std::string number(
    12 - std::min<std::size_t>(12, static_cast<std::size_t>(end - digits)),
    '0');
  number.append(digits, end);
  to.append("00000000-0000-4000-8000-").append(number);
}

/// The value of a field of the flat object; empty when there is none.
std::string_view value_of(std::string_view line, std::string_view name) {
  std::size_t at = line.find(name);
  while (at != line.npos
         && (at == 0 || line[at - 1] != '"'
             || line.substr(at + name.size(), 2) != "\":"))
    at = line.find(name, at + 1);
  if (at == line.npos)
    return {};
  const std::size_t begin = line.find('"', at + name.size() + 2);
  if (begin == line.npos)
    return {};
  const std::size_t end = line.find('"', begin + 1);
  return end == line.npos ? std::string_view{}
                          : line.substr(begin + 1, end - begin - 1);
}

bool read_uuid(std::string_view text, std::int64_t& to) {
  if (text.size() != 36)
    return false;
  const auto digits = text.substr(24);
  const auto [end, code] =
    std::from_chars(digits.data(), digits.data() + digits.size(), to, 16);
  return code == std::errc{} && end == digits.data() + digits.size();
}

template <class Names>
bool read_name(std::string_view text, const Names& names, std::int64_t& to) {
  const auto found = std::find(names.begin(), names.end(), text);
  to = found - names.begin();
  return found != names.end();
}

} // namespace

ad_event make_event(const ad_config& config, std::uint64_t i) {
  const std::uint64_t random = mix(config.seed + i);
  return {.event_time =
            base_time
            + static_cast<flow::timestamp>(i * 1000 / config.per_second),
          .user_id = static_cast<std::int64_t>(random % people),
          .page_id = static_cast<std::int64_t>((random >> 32) % people),
          .ad_id = static_cast<std::int64_t>(i % ads),
          .ad_type = static_cast<std::int64_t>(i % ad_type_names.size()),
          .type = static_cast<event_type>(i % event_type_names.size()),
          .ip_address = 0x01020304,
          .padding = 0};
}

void append_json(const ad_event& each, std::string& to) {
  to.append(R"({"user_id": ")");
  append_uuid(each.user_id, to);
  to.append(R"(", "page_id": ")");
  append_uuid(each.page_id, to);
  to.append(R"(", "ad_id": ")");
  append_uuid(each.ad_id, to);
  to.append(R"(", "ad_type": ")")
    .append(ad_type_names[static_cast<std::size_t>(each.ad_type)])
    .append(R"(", "event_type": ")")
    .append(event_type_names[static_cast<std::size_t>(each.type)])
    .append(R"(", "event_time": ")")
    .append(std::to_string(each.event_time))
    .append(R"(", "ip_address": "1.2.3.4"})");
}

flow::expected<ad_event> parse_json(std::string_view line) {
  ad_event result;
  std::int64_t type = 0;
  const auto time = value_of(line, "event_time");
  const auto [end, code] =
    std::from_chars(time.data(), time.data() + time.size(), result.event_time);
  if (time.empty() || code != std::errc{} || end != time.data() + time.size()
      || !read_uuid(value_of(line, "user_id"), result.user_id)
      || !read_uuid(value_of(line, "page_id"), result.page_id)
      || !read_uuid(value_of(line, "ad_id"), result.ad_id)
      || !read_name(value_of(line, "ad_type"), ad_type_names, result.ad_type)
      || !read_name(value_of(line, "event_type"), event_type_names, type))
    return flow::error{flow::error_code::malformed_input,
                       "not an advertising event: " + std::string{line}};
  result.type = static_cast<event_type>(type);
  result.ip_address = 0x01020304;
  return result;
}

std::shared_ptr<const flow::source<ad_event>>
ad_events(const ad_config& config) {
  return std::make_shared<generated<ad_event, fill_events>>(config, "ad events",
                                                            fill_events{});
}

std::shared_ptr<const flow::source<flow::text>>
ad_lines(const ad_config& config) {
  return std::make_shared<generated<flow::text, fill_lines>>(
    config, "ad events as JSON", fill_lines{});
}

} // namespace ysb
