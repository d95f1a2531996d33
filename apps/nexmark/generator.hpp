#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/nexmark/event.hpp"

namespace nexmark {

/// What the events are a function of, beside their number.
struct generator_config {
  std::uint64_t seed = 42;
  std::uint64_t event_rate = 100'000;   ///< events per second of event time
  std::uint64_t out_of_order_group = 1; ///< events shuffled among themselves
  bool strings = true;                  ///< false: every text is empty
  /// Bids name a person 1,000 younger than the one chosen, as the suite for
  /// Flink SQL does since 2021.
  bool double_bidder_offset = false;
};

/// 2015-07-15T00:00:00Z
inline constexpr flow::timestamp base_time = 1'436'918'400'000;

namespace detail {

class dice;

/// Texts that many events share: made once from the seed.
struct text_pool {
  explicit text_pool(std::uint64_t seed);

  std::string letters;                ///< of `extra` fields: slices of this
  std::vector<std::string> hot_urls;  ///< one for each hot channel
  std::vector<std::string> channels;  ///< the others
  std::vector<std::string> cold_urls; ///< one for each of these
};

} // namespace detail

/// Makes event after event of the auction site: the event at a position of the
/// stream is a pure function of configuration and position, so a reader can
/// begin anywhere and the events are the same however many read them.
///
/// Distributions as in the public Nexmark generators: 1 person, 3 auctions and
/// 46 bids in every 50 events; half of the bids go to a hot auction, three in
/// four come from a hot bidder, three of four auctions from a hot seller; ids
/// may run ahead of their person or auction.
///
/// Owner: any; a copy is cheap and shares the pool of texts.
/// @thread any number, each with a copy of its own
class generator {
public:
  /// @pre event_rate > 0, out_of_order_group > 0 and no multiple of 953
  explicit generator(const generator_config& config);

  /// Writes the event at a position to `to`; its texts may borrow from the
  /// generator, so append it to a batch or copy it before the next call.
  void make(std::uint64_t position, event& to);

  /// Event time of the n-th event of an ordered stream.
  [[nodiscard]] flow::timestamp time_at(std::uint64_t number) const;

  /// Most that an event is behind one before it, in event time.
  [[nodiscard]] flow::duration_ms disorder() const;

private:
  using dice = detail::dice;

  void make_person(std::uint64_t number, dice& random, person& to);
  void make_auction(std::uint64_t number, dice& random, auction& to);
  void make_bid(std::uint64_t number, dice& random, bid& to);
  void make_bid_texts(dice& random, bid& to);
  [[nodiscard]] std::string_view extra(dice& random, std::size_t current,
                                       std::size_t target) const;
  template <class Write>
  std::string_view scribble(Write write);

  generator_config config_;
  double microseconds_per_event_;
  std::shared_ptr<const detail::text_pool> pool_;
  std::string scratch_; ///< texts of the event at hand
};

} // namespace nexmark
