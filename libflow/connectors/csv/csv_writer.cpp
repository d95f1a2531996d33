#include "libflow/connectors/csv/csv_writer.hpp"

#include <array>
#include <charconv>
#include <chrono>

#include "libflow/connectors/csv/csv_fields.hpp"
#include "libflow/core/assert.hpp"

namespace flow {

namespace {

void append_integer(std::int64_t number, std::string& to) {
  std::array<char, 20> digits;
  auto done =
    std::to_chars(digits.data(), digits.data() + digits.size(), number);
  to.append(digits.data(), done.ptr);
}

/// With zeros in front up to `width` digits.
void append_padded(std::uint64_t number, std::size_t width, std::string& to) {
  std::array<char, 20> digits;
  auto done =
    std::to_chars(digits.data(), digits.data() + digits.size(), number);
  auto size = static_cast<std::size_t>(done.ptr - digits.data());
  if (size < width)
    to.append(width - size, '0');
  to.append(digits.data(), size);
}

void append_field(std::string_view field, std::string& to) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    to.append(field);
    return;
  }
  to.push_back('"');
  for (auto c : field) {
    if (c == '"')
      to.push_back('"');
    to.push_back(c);
  }
  to.push_back('"');
}

} // namespace

void csv_writer::begin_field() {
  if (in_row_)
    bytes_.push_back(',');
  in_row_ = true;
}

csv_writer& csv_writer::text(std::string_view field) {
  begin_field();
  append_field(field, bytes_);
  return *this;
}

csv_writer& csv_writer::integer(std::int64_t field) {
  begin_field();
  append_integer(field, bytes_);
  return *this;
}

csv_writer& csv_writer::boolean(bool field) {
  return text(field ? "true" : "false");
}

csv_writer& csv_writer::time(timestamp field) {
  begin_field();
  append_iso_time(field, bytes_);
  return *this;
}

csv_writer& csv_writer::decimal(std::int64_t number, unsigned places) {
  FLOW_ASSERT(places <= 18, "a 64-bit number has at most 18 places");
  begin_field();
  std::uint64_t unit = 1;
  for (unsigned i = 0; i < places; ++i)
    unit *= 10;
  auto size = static_cast<std::uint64_t>(number);
  if (number < 0) {
    bytes_.push_back('-');
    size = 0 - size;
  }
  append_padded(size / unit, 1, bytes_);
  if (places > 0) {
    bytes_.push_back('.');
    append_padded(size % unit, places, bytes_);
  }
  return *this;
}

void csv_writer::end_row() {
  if (bytes_.size() == row_begin_)
    bytes_.append("\"\"");
  bytes_.push_back('\n');
  row_begin_ = bytes_.size();
  in_row_ = false;
}

void csv_writer::raw_row(std::string_view row) {
  FLOW_ASSERT(!in_row_, "a row as it is begins behind the end of another");
  bytes_.append(row);
  row_begin_ = bytes_.size();
}

void csv_writer::clear() noexcept {
  bytes_.clear();
  row_begin_ = 0;
  in_row_ = false;
}

void append_iso_time(timestamp time, std::string& to) {
  std::chrono::sys_time<std::chrono::milliseconds> moment{
    std::chrono::milliseconds{time}};
  auto day = std::chrono::floor<std::chrono::days>(moment);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss clock{moment - day};
  auto year = static_cast<int>(date.year());
  if (year < 0)
    to.push_back('-');
  auto put = [&](auto number, std::size_t width) {
    append_padded(static_cast<std::uint64_t>(number), width, to);
  };
  put(year < 0 ? -year : year, 4);
  to.push_back('-');
  put(static_cast<unsigned>(date.month()), 2);
  to.push_back('-');
  put(static_cast<unsigned>(date.day()), 2);
  to.push_back('T');
  put(clock.hours().count(), 2);
  to.push_back(':');
  put(clock.minutes().count(), 2);
  to.push_back(':');
  put(clock.seconds().count(), 2);
  if (clock.subseconds().count() != 0) {
    to.push_back('.');
    put(clock.subseconds().count(), 3);
  }
  to.push_back('Z');
}

void append_row_as_read(std::string_view line, std::string& to) {
  auto plain = line.find_first_of("\"\r") == std::string_view::npos;
  if (csv_row_splitter splitter; !plain && splitter.split(line)) {
    auto first = true;
    for (const auto& cell : splitter.cells()) {
      if (!first)
        to.push_back(',');
      first = false;
      append_field(cell.text, to);
    }
  } else {
    to.append(line);
  }
  to.push_back('\n');
}

} // namespace flow
