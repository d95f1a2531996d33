#include "apps/nexmark/generator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

// The distribution that the public generators have, by what is known of it:
// analytically, or measured with another program.

namespace nexmark {
namespace {

constexpr std::uint64_t many = 500'000;

template <class F>
void for_all(const generator_config& config, std::uint64_t count, F&& f) {
  generator maker{config};
  event each;
  for (std::uint64_t i = 0; i < count; ++i) {
    maker.make(i, each);
    f(std::as_const(each));
  }
}

template <class F>
void for_bids(std::uint64_t count, F&& f) {
  for_all({}, count, [&](const event& each) {
    if (const bid* offer = std::get_if<bid>(&each))
      f(*offer);
  });
}

double share(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

doctest::Approx around(double value, double within = 0.01) {
  return doctest::Approx{value}.epsilon(within);
}

std::int64_t median(std::map<std::int64_t, std::int64_t> counts) {
  std::vector<std::int64_t> sorted;
  for (const auto& [key, count] : counts)
    sorted.push_back(count);
  std::sort(sorted.begin(), sorted.end());
  return sorted[sorted.size() / 2];
}

TEST_CASE("of every 50 events one is a person, three are auctions") {
  std::array<std::uint64_t, 3> kinds{};
  std::uint64_t number = 0;
  for_all({}, 5000, [&](const event& each) {
    const auto place = number++ % 50;
    CHECK(each.index() == (place < 1 ? 2 : place < 4 ? 1 : 0));
    ++kinds[each.index()];
  });
  CHECK(kinds == std::array<std::uint64_t, 3>{4600, 300, 100});
}

TEST_CASE("an event depends on configuration and position alone") {
  generator first{{.seed = 3}};
  generator second{{.seed = 3}};
  generator other{{.seed = 4}};
  event a;
  event b;
  event c;
  std::uint64_t equal = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    first.make(i, a);
    second.make(1999 - i, b);
    second.make(i, b);
    other.make(i, c);
    flow::byte_string bytes_a;
    flow::byte_string bytes_b;
    flow::byte_string bytes_c;
    flow::byte_writer to_a{bytes_a};
    flow::codec<event>::encode(a, to_a);
    flow::byte_writer to_b{bytes_b};
    flow::codec<event>::encode(b, to_b);
    flow::byte_writer to_c{bytes_c};
    flow::codec<event>::encode(c, to_c);
    REQUIRE(bytes_a == bytes_b);
    equal += bytes_a == bytes_c ? 1 : 0;
  }
  CHECK(equal == 0);
}

TEST_CASE(
  "half of the bids go to hot auctions, three of four are hot bidders'") {
  std::uint64_t bids = 0;
  std::uint64_t hot_auction = 0;
  std::uint64_t hot_bidder = 0;
  for_bids(many, [&](const bid& each) {
    ++bids;
    const auto event_number = static_cast<std::int64_t>(each.position);
    const auto last_auction = event_number / 50 * 3 + 2;
    hot_auction += each.auction == last_auction / 100 * 100 + 1000;
    hot_bidder += each.bidder == event_number / 50 / 100 * 100 + 1001;
  });
  // A cold choice is the hot one now and then.
  CHECK(share(hot_auction, bids) == around(0.5045, 0.02));
  CHECK(share(hot_bidder, bids) == around(0.7501));
}

TEST_CASE("bids name auctions that are not open yet") {
  std::uint64_t bids = 0;
  std::uint64_t early = 0;
  for_bids(many, [&](const bid& each) {
    ++bids;
    const auto last = static_cast<std::int64_t>(each.position) / 50 * 3 + 2;
    early += each.auction > last + 1000;
  });
  CHECK(share(early, bids) == around(0.0450, 0.03));
}

TEST_CASE("auctions and bidders are as many as they should be") {
  std::map<std::int64_t, std::int64_t> auctions;
  std::map<std::int64_t, std::int64_t> bidders;
  // From the middle of the stream, where 1,000 persons have been born before.
  for_bids(1'100'000, [&](const bid& each) {
    if (each.position < 100'000)
      return;
    ++auctions[each.auction];
    ++bidders[each.bidder];
  });
  CHECK(static_cast<double>(auctions.size()) == around(60'052));
  CHECK(static_cast<double>(bidders.size()) == around(20'819));
  CHECK(median(auctions) == 8);
  CHECK(median(bidders) == 11);
  const auto most = [](const auto& counts) {
    return std::max_element(
             counts.begin(), counts.end(),
             [](auto& a, auto& b) { return a.second < b.second; })
      ->second;
  };
  CHECK(static_cast<double>(most(auctions)) == around(850, 0.05));
  CHECK(static_cast<double>(most(bidders)) == around(3560, 0.05));
}

TEST_CASE("prices are log-uniform") {
  std::uint64_t bids = 0;
  std::array<std::uint64_t, 6> decades{};
  std::uint64_t of_q14 = 0;
  std::int64_t least = 1'000'000'000;
  std::int64_t most = 0;
  for_bids(many, [&](const bid& each) {
    ++bids;
    std::size_t decade = 0;
    for (std::int64_t limit = 1000; each.price >= limit && decade < 5;
         limit *= 10)
      ++decade;
    ++decades[decade];
    of_q14 += each.price >= 1'101'322 && each.price <= 55'066'079;
    least = std::min(least, each.price);
    most = std::max(most, each.price);
  });
  for (const auto decade : decades)
    CHECK(share(decade, bids) == around(1.0 / 6, 0.02));
  CHECK(share(of_q14, bids) == around(0.2831));
  CHECK(least == 100);
  CHECK(most <= 100'000'000);
  CHECK(most > 99'900'000);
}

TEST_CASE("bids fall within their auction's time as often as they should") {
  for (const auto& [rate, bids_within, auctions_with] :
       {std::tuple{100'000, 0.748, 0.955}, std::tuple{12'500, 0.720, 0.932},
        std::tuple{10'000, 0.718, 0.930}}) {
    CAPTURE(rate);
    std::map<std::int64_t, std::pair<flow::timestamp, flow::timestamp>> open;
    std::vector<std::pair<std::int64_t, flow::timestamp>> bids;
    for_all({.event_rate = static_cast<std::uint64_t>(rate), .strings = false},
            many, [&](const event& each) {
              if (const auto* sale = std::get_if<auction>(&each))
                open[sale->id] = {sale->date_time, sale->expires};
              else if (const auto* offer = std::get_if<bid>(&each))
                bids.emplace_back(offer->auction, offer->date_time);
            });
    std::uint64_t within = 0;
    std::set<std::int64_t> with;
    for (const auto& [id, time] : bids) {
      const auto found = open.find(id);
      if (found == open.end() || time < found->second.first
          || time > found->second.second)
        continue;
      ++within;
      with.insert(id);
    }
    CHECK(share(within, bids.size()) == around(bids_within));
    CHECK(share(with.size(), open.size()) == around(auctions_with));
  }
}

TEST_CASE("texts have their lengths and alphabets") {
  std::uint64_t bids = 0;
  std::uint64_t length = 0;
  std::uint64_t with_id = 0;
  std::uint64_t selected = 0;
  std::set<std::string> channels;
  for_bids(many, [&](const bid& each) {
    ++bids;
    length += each.extra.size();
    REQUIRE(each.extra.size() >= 54);
    REQUIRE(each.extra.size() <= 81);
    const auto url = each.url.view();
    const bool hot = !each.channel.view().starts_with("channel-");
    const bool has_id = url.find("&channel_id=") != url.npos;
    REQUIRE(!(hot && has_id));
    with_id += hot || has_id;
    selected += each.auction % 123 == 0;
    REQUIRE(url.starts_with("https://www.nexmark.com/"));
    channels.insert(each.channel.to_string());
  });
  CHECK(share(length, bids) == around(67.5, 0.002));
  CHECK(share(with_id, bids) == around(0.95));
  CHECK(share(selected, bids) == around(1.0 / 123, 0.15)); // in bursts
  CHECK(channels.size() == 10'004);
}

TEST_CASE("persons and auctions have the sizes that are aimed for") {
  double person_bytes = 0;
  double auction_bytes = 0;
  std::uint64_t people = 0;
  std::uint64_t sales = 0;
  std::uint64_t wanted_state = 0;
  std::uint64_t wanted_category = 0;
  for_all({}, many, [&](const event& each) {
    if (const auto* sale = std::get_if<auction>(&each)) {
      ++sales;
      auction_bytes +=
        static_cast<double>(sale->item_name.size() + sale->description.size()
                            + sale->extra.size() + 48);
      wanted_category += sale->category == 10;
      REQUIRE(sale->category <= 14);
      REQUIRE(sale->reserve > sale->initial_bid);
      REQUIRE(sale->expires > sale->date_time);
    } else if (const auto* one = std::get_if<person>(&each)) {
      ++people;
      person_bytes +=
        static_cast<double>(8 + one->name.size() + one->email_address.size()
                            + one->credit_card.size() + one->city.size()
                            + one->state.size() + one->extra.size());
      wanted_state +=
        one->state == "OR" || one->state == "ID" || one->state == "CA";
      REQUIRE(one->credit_card.size() == 19);
    }
  });
  CHECK(person_bytes / static_cast<double>(people) == around(200));
  CHECK(auction_bytes / static_cast<double>(sales) == around(500));
  CHECK(share(wanted_state, people) == around(0.5, 0.05));
  CHECK(share(wanted_category, sales) == around(0.2, 0.03));
}

TEST_CASE("times rise with the rate; groups shuffle and lose nothing") {
  generator ordered{{.event_rate = 3000}};
  CHECK(ordered.time_at(0) == base_time);
  CHECK(ordered.time_at(3000) == base_time + 1000);
  CHECK(ordered.time_at(1) == base_time);
  CHECK(ordered.time_at(4) == base_time + 1);
  CHECK(ordered.disorder().count() == 0);

  generator shuffled{{.event_rate = 1000, .out_of_order_group = 64}};
  CHECK(shuffled.disorder().count() == 64);
  std::set<flow::timestamp> times;
  bool falls = false;
  flow::timestamp before = 0;
  event each;
  for (std::uint64_t i = 0; i < 640; ++i) {
    shuffled.make(i, each);
    falls |= time_of(each) < before;
    before = time_of(each);
    times.insert(before);
  }
  CHECK(falls);
  CHECK(times.size() == 640);
}

TEST_CASE("without strings all else stays as it is") {
  generator with{{}};
  generator without{{.strings = false}};
  event a;
  event b;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    with.make(i, a);
    without.make(i, b);
    REQUIRE(a.index() == b.index());
    if (const auto* offer = std::get_if<bid>(&b)) {
      CHECK(offer->extra.empty());
      CHECK(offer->url.empty());
      CHECK(offer->channel.empty());
      CHECK(offer->price == std::get<bid>(a).price);
      CHECK(offer->auction == std::get<bid>(a).auction);
    }
  }
}

} // namespace
} // namespace nexmark
