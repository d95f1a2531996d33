#include "apps/nexmark/generator.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace nexmark {

namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t people_share = 1;
constexpr std::uint64_t auction_share = 3;
constexpr std::uint64_t all_shares = 50;

constexpr std::uint64_t active_people = 1000;
constexpr std::uint64_t auctions_in_flight = 100;
constexpr std::uint64_t id_lead = 10; ///< ids that may be named too early
constexpr std::uint64_t hot_batch = 100;
constexpr std::int64_t first_person_id = 1000;
constexpr std::int64_t first_auction_id = 1000;
constexpr std::int64_t first_category_id = 10;
constexpr std::uint64_t categories = 5;
constexpr std::uint64_t hot_auction_ratio = 2;
constexpr std::uint64_t hot_seller_ratio = 4;
constexpr std::uint64_t hot_bidder_ratio = 4;

constexpr std::size_t person_size = 200; ///< aims for sizes, in bytes
constexpr std::size_t auction_size = 500;
constexpr std::size_t bid_size = 100;

constexpr std::size_t letter_pool_size = std::size_t{1} << 20;
constexpr std::uint32_t cold_channels = 10'000;
constexpr std::size_t scratch_size = 512; ///< more than an event's own texts

constexpr std::array first_names{"Peter"sv, "Paul"sv,   "Luke"sv,  "John"sv,
                                 "Saul"sv,  "Vicky"sv,  "Kate"sv,  "Julie"sv,
                                 "Sarah"sv, "Deiter"sv, "Walter"sv};
constexpr std::array last_names{"Shultz"sv, "Abrams"sv,  "Spencer"sv,
                                "White"sv,  "Bartels"sv, "Walton"sv,
                                "Smith"sv,  "Jones"sv,   "Noris"sv};
constexpr std::array cities{
  "Phoenix"sv, "Los Angeles"sv, "San Francisco"sv, "Boise"sv, "Portland"sv,
  "Bend"sv,    "Redmond"sv,     "Seattle"sv,       "Kent"sv,  "Cheyenne"sv};
constexpr std::array states{"AZ"sv, "CA"sv, "ID"sv, "OR"sv, "WA"sv, "WY"sv};
constexpr std::array hot_channels{"Google"sv, "Facebook"sv, "Baidu"sv,
                                  "Apple"sv};

std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// 2^x, computed alike on every machine, which the library's is not.
/// @pre 0 <= x < 1
double power_by_series(double x) noexcept {
  const double y = x * 0.6931471805599453;
  double sum = 1;
  for (int i = 16; i > 0; --i)
    sum = 1 + sum * y / i;
  return sum;
}

constexpr std::uint64_t power_steps = 64;

std::array<double, power_steps> make_powers() {
  std::array<double, power_steps> result{};
  for (std::size_t i = 0; i < power_steps; ++i)
    result[i] = power_by_series(static_cast<double>(i) / power_steps);
  return result;
}

/// 2^x for 0 <= x < 32 to 11 digits: a step of a 64th by table, the rest by
/// four terms of the series.
double power_of_two(double x) noexcept {
  static const auto powers = make_powers();
  const auto step = static_cast<std::uint64_t>(x * power_steps);
  const double y =
    (x - static_cast<double>(step) / power_steps) * 0.6931471805599453;
  const double fine =
    1 + y * (1 + y * (1.0 / 2 + y * (1.0 / 6 + y * (1.0 / 24))));
  return static_cast<double>(std::uint64_t{1} << (step / power_steps))
         * powers[step % power_steps] * fine;
}

/// Number of the youngest person at an event, from 0.
std::uint64_t last_person(std::uint64_t number) {
  return number / all_shares;
}

/// Number of the youngest auction at an event, from 0.
/// @pre an auction or a bid
std::uint64_t last_auction(std::uint64_t number) {
  const std::uint64_t rest = number % all_shares;
  return auction_share * (number / all_shares)
         + std::min(rest, people_share + auction_share - 1) - people_share;
}

} // namespace

/// Random numbers of one event: a stream of splitmix64 that begins at a hash
/// of seed and event.
class detail::dice {
public:
  dice(std::uint64_t seed, std::uint64_t number) noexcept
    : state_(mix(seed + 0x9E3779B97F4A7C15) ^ mix(number)) {}

  std::uint64_t bits() noexcept {
    state_ += 0x9E3779B97F4A7C15;
    return mix(state_);
  }

  /// Uniform in [0, n). @pre 0 < n < 2^32
  std::uint64_t below(std::uint64_t n) noexcept {
    return (bits() >> 32) * n >> 32;
  }

  /// Log-uniform from 100 to 100,000,000.
  std::int64_t price() noexcept {
    const double u = static_cast<double>(bits() >> 11) * 0x1p-53;
    constexpr double bits_of_six_decades = 19.931568569324174;
    return static_cast<std::int64_t>(100 * power_of_two(u * bits_of_six_decades)
                                     + 0.5);
  }

  template <class Names>
  std::string_view pick(const Names& names) noexcept {
    return names[below(names.size())];
  }

  /// Appends 3 to max-1 letters, one in 13 of them `special`; blanks at the
  /// ends are left out.
  void letters(std::size_t max, char special, std::string& to) {
    const std::size_t size = 3 + below(max - 3);
    const std::size_t begin = to.size();
    std::uint64_t random = 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (i % 4 == 0)
        random = bits();
      const std::uint64_t of_338 = ((random & 0xffff) * (13 * 26)) >> 16;
      random >>= 16;
      to += of_338 < 26 ? special : static_cast<char>('a' + of_338 % 26);
    }
    while (to.size() > begin && to.back() == ' ')
      to.pop_back();
    const auto first = to.find_first_not_of(' ', begin);
    to.erase(begin, std::min(first, to.size()) - begin);
  }

  std::uint64_t cold_person(std::uint64_t number) noexcept {
    const std::uint64_t people = last_person(number) + 1;
    const std::uint64_t active = std::min(people, active_people);
    return people - active + below(active + id_lead);
  }

  std::uint64_t cold_auction(std::uint64_t number) noexcept {
    const std::uint64_t last = last_auction(number);
    const std::uint64_t first =
      last > auctions_in_flight ? last - auctions_in_flight : 0;
    return first + below(last - first + 1 + id_lead);
  }

private:
  std::uint64_t state_;
};

namespace {

std::string make_letters(std::uint64_t seed) {
  std::string result;
  result.reserve(letter_pool_size);
  std::uint64_t state = mix(seed ^ 0x6c657474657273);
  while (result.size() < letter_pool_size) {
    state += 0x9E3779B97F4A7C15;
    std::uint64_t random = mix(state);
    for (int i = 0; i < 4 && result.size() < letter_pool_size; ++i) {
      result += static_cast<char>('a' + ((random & 0xffff) * 26 >> 16));
      random >>= 16;
    }
  }
  return result;
}

/// The suite takes the absolute value in 32 bits, which the smallest number
/// does not have.
std::int64_t channel_id(std::uint32_t channel) {
  std::uint32_t reversed = 0;
  for (int bit = 0; bit < 32; ++bit)
    reversed |= (channel >> bit & 1U) << (31 - bit);
  const auto value = static_cast<std::int32_t>(reversed);
  return value < 0 && value != INT32_MIN ? -std::int64_t{value} : value;
}

} // namespace

detail::text_pool::text_pool(std::uint64_t seed) : letters(make_letters(seed)) {
  const auto url = [seed](std::uint64_t channel, std::string_view end) {
    // Channels have random numbers of their own, apart from all events'.
    dice random{~seed, channel};
    std::string result = "https://www.nexmark.com/";
    for (int i = 0; i < 3; ++i) {
      random.letters(5, '_', result);
      result += '/';
    }
    return result.append("item.htm?query=1").append(end);
  };
  for (std::uint32_t i = 0; i < cold_channels; ++i) {
    dice random{~seed, std::uint64_t{1} << 32 | i};
    channels.emplace_back("channel-" + std::to_string(i));
    cold_urls.emplace_back(url(
      i, random.below(10) > 0 ? "&channel_id=" + std::to_string(channel_id(i))
                              : ""));
  }
  for (std::uint32_t i = 0; i < hot_channels.size(); ++i)
    hot_urls.emplace_back(url(cold_channels + i, ""));
}

generator::generator(const generator_config& config)
  : config_(config),
    microseconds_per_event_(1e6 / static_cast<double>(config.event_rate)),
    pool_(config.strings
            ? std::make_shared<const detail::text_pool>(config.seed)
            : nullptr) {}

flow::timestamp generator::time_at(std::uint64_t number) const {
  const auto microseconds = static_cast<std::int64_t>(
    static_cast<double>(number) * microseconds_per_event_);
  return base_time + microseconds / 1000;
}

flow::duration_ms generator::disorder() const {
  return flow::duration_ms{time_at(config_.out_of_order_group) - base_time};
}

void generator::make(std::uint64_t position, event& to) {
  const std::uint64_t group = config_.out_of_order_group;
  const std::uint64_t number =
    group == 1 ? position : position / group * group + position * 953 % group;
  dice random{config_.seed, number};
  const std::uint64_t kind = number % all_shares;
  const auto fill = [&](auto& made) {
    made.position = position;
    made.date_time = time_at(number);
  };
  scratch_.clear();
  if (kind >= people_share + auction_share) {
    auto& made = to.index() == 0 ? std::get<bid>(to) : to.emplace<bid>();
    fill(made);
    make_bid(number, random, made);
  } else if (kind >= people_share) {
    auto& made = to.emplace<auction>();
    fill(made);
    make_auction(number, random, made);
  } else {
    auto& made = to.emplace<person>();
    fill(made);
    make_person(number, random, made);
  }
}

std::string_view generator::extra(dice& random, std::size_t current,
                                  std::size_t target) const {
  if (current > target)
    return {};
  const std::size_t rest = target - current;
  const std::size_t delta = (rest + 2) / 5; // a fifth, rounded
  const std::size_t size =
    rest - delta + (delta > 0 ? random.below(2 * delta) : 0);
  const std::size_t begin = random.below(letter_pool_size - size + 1);
  return std::string_view{pool_->letters}.substr(begin, size);
}

/// What write(scratch) appends; stays in place until the next event.
template <class Write>
std::string_view generator::scribble(Write write) {
  scratch_.reserve(scratch_size);
  const std::size_t begin = scratch_.size();
  write(scratch_);
  FLOW_ASSERT(scratch_.size() <= scratch_size, "texts of an event moved");
  return std::string_view{scratch_}.substr(begin);
}

void generator::make_person(std::uint64_t number, dice& random, person& to) {
  to.id = first_person_id + static_cast<std::int64_t>(last_person(number));
  if (!config_.strings)
    return;
  const auto name = scribble([&](std::string& out) {
    out.append(random.pick(first_names)).append(" ");
    out.append(random.pick(last_names));
  });
  const auto email = scribble([&](std::string& out) {
    random.letters(7, ' ', out);
    out += '@';
    random.letters(5, ' ', out);
    out += ".com";
  });
  const auto card = scribble([&](std::string& out) {
    for (int i = 0; i < 16; ++i) {
      if (i > 0 && i % 4 == 0)
        out += ' ';
      out += static_cast<char>('0' + random.below(10));
    }
  });
  const auto city = random.pick(cities);
  const auto state = random.pick(states);
  const std::size_t size =
    8 + name.size() + email.size() + card.size() + city.size() + state.size();
  to.name.rebind(name);
  to.email_address.rebind(email);
  to.credit_card.rebind(card);
  to.city.rebind(city);
  to.state.rebind(state);
  to.extra.rebind(extra(random, size, person_size));
}

void generator::make_auction(std::uint64_t number, dice& random, auction& to) {
  to.id = first_auction_id + static_cast<std::int64_t>(last_auction(number));
  const std::uint64_t seller = random.below(hot_seller_ratio) > 0
                                 ? last_person(number) / hot_batch * hot_batch
                                 : random.cold_person(number);
  to.seller = first_person_id + static_cast<std::int64_t>(seller);
  to.category =
    first_category_id + static_cast<std::int64_t>(random.below(categories));
  to.initial_bid = random.price();
  to.reserve = to.initial_bid + random.price();
  constexpr std::uint64_t ahead =
    auctions_in_flight * all_shares / auction_share;
  const flow::timestamp horizon = time_at(number + ahead) - to.date_time;
  const auto longest =
    static_cast<std::uint64_t>(std::max(2 * horizon, flow::timestamp{1}));
  to.expires =
    to.date_time + 1 + static_cast<flow::timestamp>(random.below(longest));
  if (!config_.strings)
    return;
  const auto name =
    scribble([&](std::string& out) { random.letters(20, ' ', out); });
  const auto description =
    scribble([&](std::string& out) { random.letters(100, ' ', out); });
  to.item_name.rebind(name);
  to.description.rebind(description);
  to.extra.rebind(
    extra(random, 8 + name.size() + description.size() + 40, auction_size));
}

void generator::make_bid(std::uint64_t number, dice& random, bid& to) {
  const std::uint64_t target = random.below(hot_auction_ratio) > 0
                                 ? last_auction(number) / hot_batch * hot_batch
                                 : random.cold_auction(number);
  to.auction = first_auction_id + static_cast<std::int64_t>(target);
  const std::uint64_t bidder =
    random.below(hot_bidder_ratio) > 0
      ? last_person(number) / hot_batch * hot_batch + 1
      : random.cold_person(number);
  to.bidder = first_person_id + static_cast<std::int64_t>(bidder)
              + (config_.double_bidder_offset ? first_person_id : 0);
  to.price = random.price();
  if (config_.strings)
    make_bid_texts(random, to);
}

void generator::make_bid_texts(dice& random, bid& to) {
  if (random.below(2) > 0) {
    const std::size_t hot = random.below(hot_channels.size());
    to.channel.rebind(hot_channels[hot]);
    to.url.rebind(pool_->hot_urls[hot]);
  } else {
    const std::size_t cold = random.below(cold_channels);
    to.channel.rebind(pool_->channels[cold]);
    to.url.rebind(pool_->cold_urls[cold]);
  }
  to.extra.rebind(extra(random, 32, bid_size));
}

} // namespace nexmark
