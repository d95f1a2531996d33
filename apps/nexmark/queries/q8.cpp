#include <algorithm>
#include <vector>

#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/queries/windows.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

/// Somebody who is new, or who sells.
struct party {
  std::int64_t id = 0;
  bool sells = false;
  flow::text name; ///< of one who is new
};

struct row {
  std::int64_t id = 0;
  flow::text name;
  flow::timestamp window_start = 0;
};

/// Sends a seller on once a window, as far as it remembers: joining is by
/// whether there is an auction, not by how many.
class select {
public:
  select() : sellers_(remembered) {}

  void operator()(const event& each, flow::collector<party>& out) {
    if (const auto* sale = std::get_if<auction>(&each)) {
      const seen now{sale->seller, window_start(sale->date_time, window_ms)};
      auto& before =
        sellers_[static_cast<std::uint64_t>(now.seller) % remembered];
      if (before == now)
        return;
      before = now;
      out.emit(party{sale->seller, true, {}});
    } else if (const auto* one = std::get_if<person>(&each)) {
      out.emit(party{one->id, false, lent(one->name)});
    }
  }

private:
  static constexpr std::size_t remembered = 1024;

  struct seen {
    std::int64_t seller = -1;
    flow::timestamp window = 0;

    friend bool operator==(const seen&, const seen&) = default;
  };

  std::vector<seen> sellers_;
};

/// What is known of one id in one window.
struct known {
  std::vector<flow::text> names; ///< distinct
  bool sells = false;
};

struct join {
  using accumulator = known;

  void add(known& to, const party& each) const {
    if (each.sells)
      to.sells = true;
    else if (std::find(to.names.begin(), to.names.end(), each.name)
             == to.names.end())
      to.names.push_back(each.name);
  }

  const known& result(const known& all) const { return all; }
};

constexpr auto emit = [](const flow::window_context<std::int64_t>& context,
                         const known& all, flow::collector<row>& out) {
  if (all.sells)
    for (const flow::text& name : all.names)
      out.emit(row{context.key(), lent(name), context.window().start});
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.integer(each.id).text(each.name).integer(each.window_start);
};

} // namespace

/// Persons who are new and sell in the same window of ten seconds.
void compose_q8(const query_context& context) {
  auto parties = context.timed_events().flat_map<party>(select{});
  parties.uid("parties").name("new persons and sellers");
  auto joined =
    parties.key_by(&party::id)
      .window(flow::tumbling_event_time(flow::duration_ms{window_ms}))
      .aggregate<row>(join{}, emit);
  joined.uid("join").name("join in windows");
  context.finish(joined, "id,name,window_start", write);
}

} // namespace nexmark
