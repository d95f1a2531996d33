#pragma once

#include <cstring>
#include <string>

#include "apps/nexmark/queries/bid_rows.hpp"
#include "apps/nexmark/queries/lent.hpp"

namespace nexmark {

/// A bid whose three texts lie in one, so that to send it on or to keep it
/// takes one copy of bytes, and at most one allocation.
struct packed_bid {
  flow::timestamp date_time = 0;
  std::uint64_t position = 0;
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text texts; ///< channel, url and extra, one behind the other
  std::uint32_t channel_size = 0;
  std::uint32_t url_size = 0;

  [[nodiscard]] std::string_view channel() const {
    return texts.view().substr(0, channel_size);
  }
  [[nodiscard]] std::string_view url() const {
    return texts.view().substr(channel_size, url_size);
  }
  [[nodiscard]] std::string_view extra() const {
    return texts.view().substr(std::size_t{channel_size} + url_size);
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
    to.channel_size = static_cast<std::uint32_t>(from.channel.size());
    to.url_size = static_cast<std::uint32_t>(from.url.size());
    const std::size_t size =
      from.channel.size() + from.url.size() + from.extra.size();
    if (buffer_.size() < size)
      buffer_.resize(size);
    char* next = buffer_.data();
    for (const std::string_view part :
         {from.channel.view(), from.url.view(), from.extra.view()}) {
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

/// The row borrows its texts: emit it before the bid changes.
inline bid_row row_of(const packed_bid& from) {
  return {from.auction,         from.bidder,      from.price,
          lent(from.channel()), lent(from.url()), from.date_time,
          lent(from.extra())};
}

} // namespace nexmark
