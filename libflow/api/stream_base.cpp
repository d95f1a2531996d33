#include "libflow/api/stream_base.hpp"

#include <utility>

#include "libflow/core/assert.hpp"
#include "libflow/operators/guarding_operator.hpp"

namespace flow {

namespace {

/// An operator's code with what becomes of records that make it throw.
class guarded_code final : public operator_code {
public:
  guarded_code(std::shared_ptr<const node_code> inner, error_policy policy)
    : inner_(std::static_pointer_cast<const operator_code>(std::move(inner))),
      policy_(std::move(policy)) {}

  [[nodiscard]] std::unique_ptr<operator_base>
  make(const std::string& name, receiver_base& out) const override {
    auto made = inner_->make(name, out);
    auto* guarding = dynamic_cast<guarding_operator*>(made.get());
    FLOW_ASSERT(guarding != nullptr,
                "on_error follows an operator that calls a function of the "
                "author's for each record");
    guarding->set_error_policy(policy_);
    return made;
  }
  [[nodiscard]] const record_type* out_type() const override {
    return inner_->out_type();
  }
  [[nodiscard]] bool blocking() const override { return inner_->blocking(); }

private:
  std::shared_ptr<const operator_code> inner_;
  error_policy policy_;
};

} // namespace

stream_base::stream_base(std::shared_ptr<graph_builder> builder,
                         std::vector<stream_origin> origins)
  : builder_(std::move(builder)), origins_(std::move(origins)) {}

stream_base::stream_base(std::shared_ptr<graph_builder> builder, node_id node)
  : builder_(std::move(builder)),
    origins_{{.node = node, .side_output = {}, .how = {}, .code = {}}} {}

stream_base::stream_base(const stream_base&) = default;
stream_base::stream_base(stream_base&&) noexcept = default;
stream_base& stream_base::operator=(const stream_base&) = default;
stream_base& stream_base::operator=(stream_base&&) noexcept = default;
stream_base::~stream_base() = default;

stream_node& stream_base::last() {
  FLOW_ASSERT(origins_.size() == 1 && !origins_.front().how,
              "name an operator right after adding it, before union_with, "
              "rebalance and the like");
  return builder_->graph.node(origins_.front().node);
}

void stream_base::set_name(std::string value) {
  last().name = std::move(value);
}

void stream_base::set_uid(std::string value) {
  last().uid = std::move(value);
}

void stream_base::set_slot_sharing_group(std::string value) {
  last().slot_sharing_group = std::move(value);
}

void stream_base::set_error_policy(const error_policy& policy) {
  stream_node& node = last();
  if (node.kind == operator_kind::source) {
    builder_->errors.push_back(
      {error_code::invalid_argument,
       "source \"" + node.name
         + "\": on_error follows an operator with a function"});
    return;
  }
  node.code = std::make_shared<guarded_code>(node.code, policy);
  node.add_note("on error", policy.describe());
}

void stream_base::unite(const stream_base& other) {
  origins_.insert(origins_.end(), other.origins_.begin(), other.origins_.end());
}

void stream_base::partition(partitioning how,
                            std::shared_ptr<const edge_code> code) {
  for (auto& origin : origins_) {
    origin.how = how;
    origin.code = code;
  }
}

stream_base
stream_base::side_output_of(const std::string& tag,
                            std::shared_ptr<const edge_code> code) const {
  FLOW_ASSERT(origins_.size() == 1,
              "side_output follows the operator that emits it");
  return {builder_,
          {{.node = origins_.front().node,
            .side_output = tag,
            .how = std::nullopt,
            .code = std::move(code)}}};
}

stream_sink::stream_sink(std::shared_ptr<graph_builder> builder, node_id node)
  : builder_(std::move(builder)), node_(node) {}

stream_node& stream_sink::node() {
  return builder_->graph.node(node_);
}

stream_sink& stream_sink::name(std::string value) {
  node().name = std::move(value);
  return *this;
}

stream_sink& stream_sink::uid(std::string value) {
  node().uid = std::move(value);
  return *this;
}

stream_sink& stream_sink::set_parallelism(int value) {
  node().parallelism = value;
  return *this;
}

stream_sink& stream_sink::disable_chaining() {
  node().chaining = chaining_strategy::never;
  return *this;
}

stream_sink& stream_sink::slot_sharing_group(std::string value) {
  node().slot_sharing_group = std::move(value);
  return *this;
}

guarantee_fact detail::guarantee_of_sink(const std::string& kind,
                                         sink_guarantee promised) {
  switch (promised) {
  case sink_guarantee::exactly_once:
    return {delivery_guarantee::exactly_once,
            kind + " commits with the checkpoint"};
  case sink_guarantee::at_least_once:
    return {delivery_guarantee::at_least_once,
            kind + " shows records before they are checkpointed"};
  case sink_guarantee::at_most_once:
    return {delivery_guarantee::at_most_once,
            kind + " may lose what it was given"};
  }
  return {};
}

} // namespace flow
