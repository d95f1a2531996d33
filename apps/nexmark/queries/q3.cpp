#include <optional>
#include <vector>

#include "apps/nexmark/queries/lent.hpp"
#include "apps/nexmark/query.hpp"

namespace nexmark {

namespace {

/// A seller: all that is known of a person who passes the filter.
struct seller {
  flow::text name;
  flow::text city;
  flow::text state;
};

/// A person, or an auction of theirs.
struct party {
  std::int64_t person_id = 0;
  std::int64_t auction_id = 0;
  std::optional<seller> details; ///< of a person
};

struct row {
  flow::text name;
  flow::text city;
  flow::text state;
  std::int64_t id = 0;
};

constexpr auto select = [](const event& each, flow::collector<party>& out) {
  if (const auto* sale = std::get_if<auction>(&each)) {
    if (sale->category == 10)
      out.emit(party{sale->seller, sale->id, {}});
  } else if (const auto* one = std::get_if<person>(&each)) {
    if (one->state == "OR" || one->state == "ID" || one->state == "CA")
      out.emit(party{one->id, 0, seller{one->name, one->city, one->state}});
  }
};

/// What is known of one person id.
struct known {
  std::optional<seller> person;
  std::vector<std::int64_t> auctions; ///< that came before the person
};

/// Joins auctions with their sellers; both may come first. Ids of persons are
/// unique.
class join {
public:
  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    known_ = context.state(flow::value_state_descriptor<known>{"known"});
  }

  void process(const party& each, flow::keyed_context<std::int64_t>&,
               flow::collector<row>& out) {
    if (each.details) {
      for (const std::int64_t id : known_.value().auctions)
        out.emit(row_of(*each.details, id));
      known_.set(known{each.details, {}});
    } else if (const auto& person = known_.value().person) {
      out.emit(row_of(*person, each.auction_id));
    } else {
      known_.update(
        [&](known& now) { now.auctions.push_back(each.auction_id); });
    }
  }

private:
  static row row_of(const seller& from, std::int64_t id) {
    return {lent(from.name), lent(from.city), lent(from.state), id};
  }

  flow::value_state<known> known_;
};

constexpr auto write = [](const row& each, flow::csv_writer& to) {
  to.text(each.name).text(each.city).text(each.state).integer(each.id);
};

} // namespace

/// Local item suggestion: auctions of a category by sellers of some states.
void compose_q3(const query_context& context) {
  auto parties = context.events.flat_map(select);
  parties.uid("parties").name("auctions and sellers");
  auto joined = parties.key_by(&party::person_id).process<row>(join{});
  joined.uid("join").name("join on seller");
  context.finish(joined, "name,city,state,id", write);
}

} // namespace nexmark
