#include "apps/nexmark/json_events.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

#include "libflow/core/json_writer.hpp"

namespace nexmark {

namespace {

using namespace std::string_view_literals;

/// Names and members of each kind, in the order in which they are written;
/// `position` is not in the file.
template <class Kind>
constexpr auto fields_of = 0;
template <>
constexpr auto fields_of<bid> = std::make_tuple(
  std::pair{"auction"sv, &bid::auction}, std::pair{"bidder"sv, &bid::bidder},
  std::pair{"price"sv, &bid::price}, std::pair{"channel"sv, &bid::channel},
  std::pair{"url"sv, &bid::url}, std::pair{"dateTime"sv, &bid::date_time},
  std::pair{"extra"sv, &bid::extra});
template <>
constexpr auto fields_of<auction> = std::make_tuple(
  std::pair{"id"sv, &auction::id}, std::pair{"itemName"sv, &auction::item_name},
  std::pair{"description"sv, &auction::description},
  std::pair{"initialBid"sv, &auction::initial_bid},
  std::pair{"reserve"sv, &auction::reserve},
  std::pair{"dateTime"sv, &auction::date_time},
  std::pair{"expires"sv, &auction::expires},
  std::pair{"seller"sv, &auction::seller},
  std::pair{"category"sv, &auction::category},
  std::pair{"extra"sv, &auction::extra});
template <>
constexpr auto fields_of<person> = std::make_tuple(
  std::pair{"id"sv, &person::id}, std::pair{"name"sv, &person::name},
  std::pair{"emailAddress"sv, &person::email_address},
  std::pair{"creditCard"sv, &person::credit_card},
  std::pair{"city"sv, &person::city}, std::pair{"state"sv, &person::state},
  std::pair{"dateTime"sv, &person::date_time},
  std::pair{"extra"sv, &person::extra});

template <class Kind>
constexpr std::string_view type_of = "";
template <>
constexpr std::string_view type_of<bid> = "bid";
template <>
constexpr std::string_view type_of<auction> = "auction";
template <>
constexpr std::string_view type_of<person> = "person";

flow::error malformed(std::string what) {
  return {flow::error_code::malformed_input, std::move(what),
          flow::error_severity::fatal};
}

/// Walks over the bytes of one line.
class scanner {
public:
  scanner(std::string_view line, std::string& unescaped)
    : rest_(line), unescaped_(&unescaped) {}

  void skip_blanks() {
    const auto end = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(std::min(end, rest_.size()));
  }

  bool take(char expected) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != expected)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  [[nodiscard]] bool at(char expected) {
    skip_blanks();
    return !rest_.empty() && rest_.front() == expected;
  }

  [[nodiscard]] bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

  /// A string behind its opening quote; valid as long as line and buffer.
  flow::expected<std::string_view> read_string() {
    const auto end = rest_.find_first_of("\"\\"sv);
    if (end == rest_.npos)
      return malformed("a string has no end");
    const auto plain = rest_.substr(0, end);
    if (auto fine = check_bytes(plain); !fine)
      return fine.error();
    if (rest_[end] == '"') {
      rest_.remove_prefix(end + 1);
      return plain;
    }
    return read_escaped();
  }

  flow::expected<std::int64_t> read_integer() {
    const auto end = rest_.find_first_of(",} \t"sv);
    const auto digits = rest_.substr(0, end);
    std::int64_t value = 0;
    const auto [stop, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const auto unsigned_part = digits.substr(digits.starts_with('-') ? 1 : 0);
    if (code != std::errc{} || stop != digits.data() + digits.size()
        || (unsigned_part.size() > 1 && unsigned_part.front() == '0'))
      return malformed("\"" + std::string{digits.substr(0, 40)}
                       + "\" is neither a string nor a whole number of 64 "
                         "bits");
    rest_.remove_prefix(digits.size());
    return value;
  }

private:
  static flow::expected<void> check_bytes(std::string_view bytes) {
    const bool control = std::any_of(bytes.begin(), bytes.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20;
    });
    if (control)
      return malformed("a string holds a control character");
    return {};
  }

  flow::expected<std::string_view> read_escaped() {
    const std::size_t begin = unescaped_->size();
    for (;;) {
      const auto end = rest_.find_first_of("\"\\"sv);
      if (end == rest_.npos)
        return malformed("a string has no end");
      const auto plain = rest_.substr(0, end);
      if (auto fine = check_bytes(plain); !fine)
        return fine.error();
      unescaped_->append(plain);
      const bool done = rest_[end] == '"';
      rest_.remove_prefix(end + 1);
      if (done)
        return std::string_view{*unescaped_}.substr(begin);
      if (auto fine = read_escape(); !fine)
        return fine.error();
    }
  }

  flow::expected<void> read_escape() {
    if (rest_.empty())
      return malformed("a string has no end");
    const char kind = rest_.front();
    rest_.remove_prefix(1);
    constexpr auto letters = "\"\\/bfnrt"sv;
    constexpr auto meanings = "\"\\/\b\f\n\r\t"sv;
    if (const auto found = letters.find(kind); found != letters.npos) {
      *unescaped_ += meanings[found];
      return {};
    }
    if (kind != 'u')
      return malformed("a string holds an escape that JSON does not have");
    auto unit = read_unit();
    if (unit && *unit >= 0xD800 && *unit < 0xDC00
        && rest_.substr(0, 2) == "\\u") {
      rest_.remove_prefix(2);
      const auto low = read_unit();
      if (!low || *low < 0xDC00 || *low > 0xDFFF)
        return malformed("half a character stands alone");
      *unit = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
    }
    if (!unit || (*unit >= 0xD800 && *unit < 0xE000))
      return malformed("a \\u escape names no character");
    append_utf8(*unit);
    return {};
  }

  std::optional<std::uint32_t> read_unit() {
    std::uint32_t unit = 0;
    const auto digits = rest_.substr(0, 4);
    const auto [stop, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (digits.size() < 4 || code != std::errc{}
        || stop != digits.data() + digits.size())
      return std::nullopt;
    rest_.remove_prefix(4);
    return unit;
  }

  void append_utf8(std::uint32_t c) {
    const auto put = [this](std::uint32_t byte) {
      *unescaped_ += static_cast<char>(byte);
    };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xC0 | c >> 6);
      put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      put(0xE0 | c >> 12);
      put(0x80 | (c >> 6 & 0x3F));
      put(0x80 | (c & 0x3F));
    } else {
      put(0xF0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3F));
      put(0x80 | (c >> 6 & 0x3F));
      put(0x80 | (c & 0x3F));
    }
  }

  std::string_view rest_;
  std::string* unescaped_;
};

} // namespace

flow::expected<void> event_parser::read_fields(std::string_view line) {
  fields_.clear();
  unescaped_.clear();
  unescaped_.reserve(line.size()); // what is in it stays in place
  scanner in{line, unescaped_};
  if (!in.take('{'))
    return malformed("an event is a JSON object");
  if (in.take('}'))
    return in.at_end() ? flow::expected<void>{}
                       : malformed("something follows the object");
  do {
    if (!in.take('"'))
      return malformed("the name of a field is a string in quotes");
    auto& next = fields_.emplace_back();
    const auto name = in.read_string();
    if (!name)
      return name.error();
    next.name = *name;
    if (!in.take(':'))
      return malformed("a colon follows the name of a field");
    if (in.take('"')) {
      const auto value = in.read_string();
      if (!value)
        return value.error();
      next.value = *value;
      next.is_text = true;
    } else {
      in.skip_blanks();
      const auto value = in.read_integer();
      if (!value)
        return malformed("field \"" + std::string{next.name}
                         + "\": " + value.error().text);
      next.number = *value;
    }
  } while (in.take(','));
  if (!in.take('}'))
    return malformed("a comma or the object's end is missing");
  return in.at_end() ? flow::expected<void>{}
                     : malformed("something follows the object");
}

template <class Kind>
flow::expected<void> event_parser::fill(event& to) {
  Kind& made = to.emplace<Kind>();
  flow::expected<void> result;
  const auto take = [&](std::string_view name, auto member) {
    if (!result)
      return;
    constexpr bool wants_text =
      std::is_same_v<std::remove_reference_t<decltype(made.*member)>,
                     flow::text>;
    const auto found =
      std::find_if(fields_.begin(), fields_.end(), [&](const field& each) {
        return each.name == name && !each.used;
      });
    if (found == fields_.end()) {
      result = malformed("field \"" + std::string{name} + "\" is missing");
    } else if (found->is_text != wants_text) {
      result = malformed("field \"" + std::string{name} + "\" is "
                         + (wants_text ? "a string" : "a number"));
    } else {
      found->used = true;
      if constexpr (wants_text)
        (made.*member).rebind(found->value);
      else
        made.*member = found->number;
    }
  };
  std::apply([&](const auto&... each) { (take(each.first, each.second), ...); },
             fields_of<Kind>);
  return result;
}

flow::expected<void> event_parser::parse(std::string_view line, event& to) {
  if (auto done = read_fields(line); !done)
    return done;
  const auto type =
    std::find_if(fields_.begin(), fields_.end(), [](const field& each) {
      return each.name == "type" && each.is_text;
    });
  if (type == fields_.end())
    return malformed("field \"type\" is missing");
  type->used = true;
  flow::expected<void> filled =
    type->value == "bid"       ? fill<bid>(to)
    : type->value == "auction" ? fill<auction>(to)
    : type->value == "person"
      ? fill<person>(to)
      : malformed("type is \"" + std::string{type->value}
                  + "\", not person, auction or bid");
  if (!filled)
    return filled;
  for (const auto& each : fields_)
    if (!each.used)
      return malformed("field \"" + std::string{each.name}
                       + "\" is not one of this event's, or stands twice");
  return {};
}

void append_json(const event& each, std::string& to) {
  flow::json_writer out;
  std::visit(
    [&](const auto& kind) {
      using kind_type = std::remove_cvref_t<decltype(kind)>;
      out.begin_object().member("type", type_of<kind_type>);
      const auto put = [&](std::string_view name, auto member) {
        if constexpr (std::is_same_v<
                        std::remove_cvref_t<decltype(kind.*member)>,
                        flow::text>)
          out.member(name, (kind.*member).view());
        else
          out.member(name, kind.*member);
      };
      std::apply(
        [&](const auto&... field) { (put(field.first, field.second), ...); },
        fields_of<kind_type>);
    },
    each);
  out.end_object();
  to.append(out.text()).append("\n");
}

} // namespace nexmark
