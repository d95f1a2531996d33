#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include "libflow/state/operator_state.hpp"
#include "test/libflow/state/state_test_support.hpp"

namespace operator_conformance_test {

using namespace flow;

// Random operations through the typed handles beside standard containers, with
// snapshots at any point, restored at the same or another parallelism.

namespace {

/// The states of one subtask, and what they should hold.
struct subtask {
  operator_state_store store;
  operator_list_state<std::string> list =
    store.list(list_state_descriptor<std::string>{"list"}).value();
  operator_list_state<std::int64_t> second =
    store.list(list_state_descriptor<std::int64_t>{"second"}).value();
  union_list_state<text> all =
    store.union_list(union_list_state_descriptor<text>{"all"}).value();

  std::vector<std::string> wanted_list;
  std::vector<std::int64_t> wanted_second;
  std::vector<std::string> wanted_all;
};

template <class T>
std::vector<T> joined(const std::deque<subtask>& of,
                      std::vector<T> subtask::*each) {
  std::vector<T> result;
  for (const auto& one : of)
    result.insert(result.end(), (one.*each).begin(), (one.*each).end());
  return result;
}

/// Entry `i` of `total` goes to this subtask when runs of lengths that differ
/// by at most one are dealt out, the longer ones from subtask `first` on.
std::size_t owner_of(std::size_t i, std::size_t total, std::size_t parallelism,
                     std::size_t first) {
  const std::size_t length = total / parallelism;
  const std::size_t longer = total % parallelism;
  const std::size_t run = i < longer * (length + 1)
                            ? i / (length + 1)
                            : (i - longer) / std::max<std::size_t>(1, length);
  return (first + run) % parallelism;
}

class conformance {
public:
  explicit conformance(std::uint64_t seed) : random_(seed) {
    subtasks_.resize(1);
  }

  void run(int operations) {
    for (int i = 0; i < operations; ++i) {
      operate(subtasks_[random_() % subtasks_.size()]);
      if (random_() % 40 == 0)
        restore_at(std::array<std::size_t, 5>{1, 2, 3, 5, 8}[random_() % 5]);
    }
  }

private:
  std::string word() {
    return std::string(random_() % 30, 'a') + std::to_string(random_() % 1000);
  }

  void operate(subtask& one) {
    switch (random_() % 8) {
    case 0:
      one.list.clear();
      one.wanted_list.clear();
      break;
    case 1:
      one.wanted_all = {word(), word()};
      one.all.set({text{one.wanted_all[0]}, text{one.wanted_all[1]}});
      break;
    case 2:
      one.wanted_all.push_back(word());
      one.all.add(text{one.wanted_all.back()});
      break;
    case 3:
    case 4:
      one.wanted_second.push_back(static_cast<std::int64_t>(random_()));
      one.second.add(one.wanted_second.back());
      break;
    default:
      one.wanted_list.push_back(word());
      one.list.add(one.wanted_list.back());
    }
    check(one);
  }

  static void check(const subtask& one) {
    CHECK(one.list.get() == one.wanted_list);
    CHECK(one.second.get() == one.wanted_second);
    const auto& all = one.all.get();
    CHECK(std::equal(all.begin(), all.end(), one.wanted_all.begin(),
                     one.wanted_all.end()));
  }

  void restore_at(std::size_t parallelism) {
    std::vector<std::vector<operator_state_part>> taken;
    for (const auto& each : subtasks_) {
      std::vector<std::byte> bytes;
      {
        byte_writer out{bytes};
        write_operator_state(each.store.snapshot(), out);
      }
      taken.push_back(read_operator_state(bytes).value());
    }
    const auto dealt = redistribute_states(taken, parallelism);
    REQUIRE(dealt);
    std::deque<subtask> next(parallelism);
    for (std::size_t i = 0; i < parallelism; ++i)
      REQUIRE(next[i].store.restore((*dealt)[i]));
    expect(next);
    subtasks_ = std::move(next);
    for (const auto& each : subtasks_)
      check(each);
    for (std::size_t i = 0; i < parallelism; ++i)
      keep_own(subtasks_[i], i);
  }

  /// Works out what each of the new ones should hold.
  void expect(std::deque<subtask>& next) {
    const auto list = joined(subtasks_, &subtask::wanted_list);
    const auto second = joined(subtasks_, &subtask::wanted_second);
    const bool same = next.size() == subtasks_.size();
    for (std::size_t i = 0; same && i < next.size(); ++i) {
      next[i].wanted_list = subtasks_[i].wanted_list;
      next[i].wanted_second = subtasks_[i].wanted_second;
    }
    const auto count = next.size();
    for (std::size_t i = 0; !same && i < list.size(); ++i)
      next[owner_of(i, list.size(), count, 0)].wanted_list.push_back(list[i]);
    for (std::size_t i = 0; !same && i < second.size(); ++i)
      next[owner_of(i, second.size(), count, list.size() % count)]
        .wanted_second.push_back(second[i]);
    for (auto& each : next)
      each.wanted_all = joined(subtasks_, &subtask::wanted_all);
  }

  /// Of what everyone has got, as an operator has to.
  void keep_own(subtask& one, std::size_t index) {
    std::vector<text> own;
    std::vector<std::string> wanted;
    for (std::size_t i = 0; i < one.wanted_all.size(); ++i)
      if (i % subtasks_.size() == index) {
        own.push_back(one.all.get()[i]);
        wanted.push_back(one.wanted_all[i]);
      }
    one.all.set(std::move(own));
    one.wanted_all = std::move(wanted);
  }

  std::mt19937_64 random_;
  std::deque<subtask> subtasks_;
};

} // namespace

TEST_CASE("operator states behave as containers through any restore") {
  const auto seed = test::seed();
  CAPTURE(seed);
  conformance{seed}.run(8000);
}

} // namespace operator_conformance_test
