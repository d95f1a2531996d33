#include <optional>

#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

using namespace std::string_view_literals;

struct row {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::text channel;
  flow::text channel_id;
};

/// Whether the text is `lower` apart from the case of ASCII letters.
bool is_any_case_of(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size())
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != lower[i])
      return false;
  }
  return true;
}

/// The value of `channel_id=` at the start of the url or behind an ampersand,
/// up to the next one.
std::optional<std::string_view> parameter_of(std::string_view url) {
  constexpr auto name = "channel_id="sv;
  for (std::size_t at = url.find(name); at != url.npos;
       at = url.find(name, at + 1)) {
    if (at != 0 && url[at - 1] != '&')
      continue;
    const std::size_t begin = at + name.size();
    return url.substr(begin, url.find('&', begin) - begin);
  }
  return std::nullopt;
}

std::optional<std::string_view> id_of(const bid& offer) {
  const auto channel = offer.channel.view();
  if (is_any_case_of(channel, "apple"))
    return "0"sv;
  if (is_any_case_of(channel, "google"))
    return "1"sv;
  if (is_any_case_of(channel, "facebook"))
    return "2"sv;
  if (is_any_case_of(channel, "baidu"))
    return "3"sv;
  return parameter_of(offer.url);
}

void add_id(const event& each, flow::collector<row>& out) {
  const bid* offer = std::get_if<bid>(&each);
  if (offer == nullptr)
    return;
  if (const auto id = id_of(*offer))
    out.emit(row{offer->auction, offer->bidder, offer->price,
                 flow::text::borrow(offer->channel), flow::text::borrow(*id)});
}

void write(const row& each, flow::csv_writer& to) {
  to.integer(each.auction)
    .integer(each.bidder)
    .integer(each.price)
    .text(each.channel)
    .text(each.channel_id);
}

} // namespace

/// Bids with the number of their channel, where it has one.
void compose_q21(const query_context& context) {
  auto bids = context.events.flat_map(add_id);
  bids.uid("bids").name("bids with channel id");
  context.finish(bids, "auction,bidder,price,channel,channel_id", write);
}

} // namespace nexmark
