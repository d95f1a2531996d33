#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libflow/api/graph_builder.hpp"
#include "libflow/functions/error_policy.hpp"
#include "libflow/functions/sink.hpp"

namespace flow {

/// What a stream is whatever the type of its records: the graph it is part of
/// and the operators it comes from. Compiled once, so that a job pays for its
/// own types alone. A value; one thread, that of the graph.
class stream_base {
public:
  stream_base(std::shared_ptr<graph_builder> builder,
              std::vector<stream_origin> origins);
  stream_base(std::shared_ptr<graph_builder> builder, node_id node);
  stream_base(const stream_base&);
  stream_base(stream_base&&) noexcept;
  stream_base& operator=(const stream_base&);
  stream_base& operator=(stream_base&&) noexcept;
  ~stream_base();

  // -- for the other classes of the API ---------------------------------------

  [[nodiscard]] const std::vector<stream_origin>& origins() const {
    return origins_;
  }
  [[nodiscard]] const std::shared_ptr<graph_builder>& builder() const {
    return builder_;
  }

  /// The node added last. @pre the stream has one origin
  [[nodiscard]] stream_node& last();

protected:
  void set_name(std::string value);
  void set_uid(std::string value);
  void set_slot_sharing_group(std::string value);
  void set_error_policy(const error_policy& policy);
  void unite(const stream_base& other);
  /// The next edge goes by `how`; null: by code that fits every type.
  void partition(partitioning how, std::shared_ptr<const edge_code> code);
  /// The side output of the only operator that it comes from.
  [[nodiscard]] stream_base
  side_output_of(const std::string& tag,
                 std::shared_ptr<const edge_code> code) const;

private:
  std::shared_ptr<graph_builder> builder_;
  std::vector<stream_origin> origins_;
};

/// An end of the dataflow: what `sink_to` and `print` return.
class stream_sink {
public:
  stream_sink(std::shared_ptr<graph_builder> builder, node_id node);

  stream_sink& name(std::string value);
  stream_sink& uid(std::string value);
  stream_sink& set_parallelism(int value);
  stream_sink& disable_chaining();
  stream_sink& slot_sharing_group(std::string value);

private:
  [[nodiscard]] stream_node& node();

  std::shared_ptr<graph_builder> builder_;
  node_id node_;
};

namespace detail {

/// What a sink of this guarantee promises; `kind` names it in the reason.
guarantee_fact guarantee_of_sink(const std::string& kind,
                                 sink_guarantee promised);

} // namespace detail

} // namespace flow
