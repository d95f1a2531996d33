#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace flow {

/// Ids of the graphs. They are values of one job graph: node, vertex and edge
/// ids are dense, count from 0 in the order of writing, and mean nothing in
/// another program. Only operator_id lives on: state in a snapshot is found by
/// it.

/// An operator as the author wrote it; the index of its stream_node.
enum class node_id : std::uint32_t {};

/// A chain of operators that runs as one; the index of its job_vertex.
enum class vertex_id : std::uint32_t {};

/// An exchange between two vertices; the index of its job_edge.
enum class edge_id : std::uint32_t {};

/// Names an operator's state over restarts, in every snapshot.
enum class operator_id : std::uint64_t {};

constexpr std::uint32_t index_of(node_id id) noexcept {
  return static_cast<std::uint32_t>(id);
}
constexpr std::uint32_t index_of(vertex_id id) noexcept {
  return static_cast<std::uint32_t>(id);
}
constexpr std::uint32_t index_of(edge_id id) noexcept {
  return static_cast<std::uint32_t>(id);
}

/// 16 hexadecimal digits, as logs and snapshots show a hash.
inline std::string hex16(std::uint64_t bits) {
  constexpr char hex[] = "0123456789abcdef";
  std::string digits(16, '0');
  for (std::size_t i = digits.size(); i-- > 0; bits >>= 4)
    digits[i] = hex[bits & 15];
  return digits;
}

inline std::string to_string(operator_id id) {
  return hex16(static_cast<std::uint64_t>(id));
}

} // namespace flow
