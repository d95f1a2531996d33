#include <algorithm>
#include <functional>
#include <utility>

#include "libflow/windows/window_operator.hpp"
#include "tools/harness/job_windows.hpp"
#include "tools/harness/kind_entries.hpp"
#include "tools/harness/operator_subject.hpp"
#include "tools/harness/twin_subject.hpp"

namespace flow::harness {

namespace {

/// An assigner whose windows are of a case's; whether they merge is a type.
template <bool Merging>
class time_assigner {
public:
  using window = time_window;
  static constexpr bool merges = Merging;

  explicit time_assigner(case_assigner inner) : inner_(std::move(inner)) {}

  [[nodiscard]] time_domain domain() const { return inner_.domain(); }
  template <class Take>
  void assign(const value& record, timestamp at, Take&& take) {
    inner_.assign(record, at, take);
  }
  template <class Merged>
  void merge(std::vector<time_window> all, Merged&& merged) const {
    inner_.merge(std::move(all), merged);
  }

private:
  case_assigner inner_;
};

/// Any evictor of a case's.
class case_evictor {
public:
  explicit case_evictor(const value& description)
    : type_(description["type"].as_text()), description_(description) {
    if (type_ != "count" && type_ != "time" && type_ != "delta")
      throw unknown_feature("the evictor " + description.dump()
                            + " is not known");
  }

  [[nodiscard]] eviction when() const {
    const value& after = description_["after"];
    return !after.is_null() && after.as_bool() ? eviction::after
                                               : eviction::before;
  }
  void evict(std::vector<window_element<value>>& elements) const {
    if (type_ == "count")
      count_evictor{static_cast<std::size_t>(description_["n"].as_int())}.evict(
        elements);
    else if (type_ == "time")
      time_evictor{duration_ms{description_["size_ms"].as_int()}}.evict(
        elements);
    else
      delta_evictor_of<value>(description_["threshold"].as_int(),
                              [](const value& each, const value& last) {
                                return last["value"].as_int()
                                       - each["value"].as_int();
                              })
        .evict(elements);
  }

private:
  std::string type_;
  value description_;
};

struct key_or_none {
  bool keyed;

  const value& operator()(const value& record) const {
    static const value none;
    return keyed ? record["key"] : none;
  }
};

/// A window operator of known type, so that its windows can be looked into.
class window_subject final : public operator_subject {
public:
  using inspector =
    std::function<value::list(operator_base&, const window_query&)>;

  window_subject(operator_plan plan, const placement& where, inspector look)
    : operator_subject(std::move(plan), where), look_(std::move(look)) {}

  [[nodiscard]] value::list
  window_contents(const window_query& query) override {
    return look_(op(), query);
  }

private:
  inspector look_;
};

template <class W>
W window_of(const window_query& query) {
  if constexpr (std::is_same_v<W, global_window>)
    return {};
  else
    return {query.start, query.end};
}

template <class Assigner, class Contents, class Emit>
std::unique_ptr<subject> make_windows(const window_plan& plan,
                                      Assigner assigner, Contents contents,
                                      Emit emit, const placement& where) {
  using op_type = window_operator<value, value, key_or_none, Assigner,
                                  case_trigger, Contents, Emit>;
  auto described = plan_of([=](const std::string& name, receiver<value>& to) {
    return std::make_unique<op_type>(name, to, key_or_none{plan.keyed},
                                     assigner, plan.trigger, contents, emit,
                                     plan.options);
  });
  if (plan.options.late_output)
    described.late_sides.push_back("late");
  described.passes_on = plan.function.passes_on();
  return std::make_unique<window_subject>(
    std::move(described), where,
    [](operator_base& op, const window_query& query) {
      value::list found;
      static_cast<op_type&>(op).inspect(
        query.key, window_of<typename Assigner::window>(query),
        [&](const value& each) { found.push_back(each["value"]); });
      return found;
    });
}

/// By what is kept: one record, all of them, or all that an evictor leaves.
template <class Assigner>
std::unique_ptr<subject> make_for(const window_plan& plan, Assigner assigner,
                                  const placement& where) {
  using window = typename Assigner::window;
  using fold = reduce_fold<value, value (*)(const value&, const value&)>;
  const auto& function = plan.function;
  const process_result<window_function<value, window>> process{
    window_function<value, window>{function}};
  const fold sum{sum_records};
  if (!plan.evictor.is_null() && function.folds())
    return make_windows(plan, assigner,
                        listed_contents<value, fold, case_evictor>{
                          sum, case_evictor{plan.evictor}},
                        process, where);
  if (!plan.evictor.is_null())
    return make_windows(
      plan, assigner,
      listed_contents<value, collect_fold<value>, case_evictor>{
        {}, case_evictor{plan.evictor}},
      process, where);
  if (!function.folds())
    return make_windows(
      plan, assigner,
      listed_contents<value, collect_fold<value>, no_evictor>{{}, {}}, process,
      where);
  if (function.emits_records() && plan.keyed)
    return make_windows(plan, assigner, folded_contents<value, fold>{sum},
                        emit_result{}, where);
  return make_windows(plan, assigner, folded_contents<value, fold>{sum},
                      process, where);
}

std::unique_ptr<subject> make_per_window(const window_plan& plan,
                                         const placement& where) {
  if (plan.assigner.is_global())
    return make_for(plan, global_windows{}, where);
  if (plan.assigner.is_merging())
    return make_for(plan, time_assigner<true>{plan.assigner}, where);
  return make_for(plan, time_assigner<false>{plan.assigner}, where);
}

std::unique_ptr<subject> make_window(const value& description,
                                     const placement& where) {
  const window_plan plan{description};
  auto per_window = make_per_window(plan, where);
  auto of_job = make_as_job(plan, where);
  if (!of_job)
    return per_window;
  return std::make_unique<twin_subject>(std::move(per_window),
                                        std::move(of_job));
}

} // namespace

std::vector<operator_kind_entry> window_kinds() {
  return {{"window", make_window}};
}

std::vector<std::string> window_function_names() {
  std::vector<std::string> result;
  for (const auto& each : window_function_plan::kinds())
    result.push_back("window function " + each);
  return result;
}

} // namespace flow::harness
