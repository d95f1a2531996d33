#pragma once

#include <cstring>
#include <string>

#include "apps/nexmark/queries/lent.hpp"
#include "libflow/connectors/csv/csv_writer.hpp"

namespace nexmark {

/// A bid whose long texts lie in one, so that to send it on or to keep it
/// takes one copy of bytes, and most often one allocation.
struct packed_bid {
  flow::timestamp date_time = 0;
  std::uint64_t position = 0;
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text channel; ///< short
  flow::text texts;   ///< url and extra, one behind the other
  std::uint32_t url_size = 0;

  [[nodiscard]] std::string_view url() const {
    return texts.view().substr(0, url_size);
  }
  [[nodiscard]] std::string_view extra() const {
    return texts.view().substr(url_size);
  }
};

/// Packs bids. Owner: a function object. @thread the subtask
class bid_packer {
public:
  /// The texts lie in the packer: valid until the next bid.
  void operator()(const bid& from, packed_bid& to) {
    to.date_time = from.date_time;
    to.position = from.position;
    to.auction = from.auction;
    to.bidder = from.bidder;
    to.price = from.price;
    lend(from.channel, to.channel);
    to.url_size = static_cast<std::uint32_t>(from.url.size());
    const std::size_t size = from.url.size() + from.extra.size();
    if (buffer_.size() < size)
      buffer_.resize(size);
    char* next = buffer_.data();
    for (const std::string_view part : {from.url.view(), from.extra.view()}) {
      if (!part.empty())
        std::memcpy(next, part.data(), part.size());
      next += part.size();
    }
    to.texts.rebind({buffer_.data(), size});
  }

  packed_bid operator()(const bid& from) {
    packed_bid result;
    (*this)(from, result);
    return result;
  }

private:
  std::string buffer_;
};

/// For a row that shows the bid: emit it before the bid changes.
[[nodiscard]] inline packed_bid lent(const packed_bid& from) {
  packed_bid result;
  result.date_time = from.date_time;
  result.position = from.position;
  result.auction = from.auction;
  result.bidder = from.bidder;
  result.price = from.price;
  lend(from.channel, result.channel);
  lend(from.texts, result.texts);
  result.url_size = from.url_size;
  return result;
}

/// Calls f with what results show of the bid, in the order of `bid_columns`.
template <class F>
void for_each_shown(const packed_bid& from, F&& f) {
  f(from.auction);
  f(from.bidder);
  f(from.price);
  f(from.channel);
  f(from.url());
  f(from.date_time);
  f(from.extra());
}

inline constexpr const char* bid_columns =
  "auction,bidder,price,channel,url,dateTime,extra";

inline constexpr auto write_bid = [](const packed_bid& each,
                                     flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .text(each.channel)
    .text(each.url())
    .integer(each.date_time)
    .text(each.extra());
};

} // namespace nexmark
