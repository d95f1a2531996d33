#include "libflow/exchange/element_codec.hpp"

#include <exception>
#include <string>
#include <utility>

namespace flow {

namespace {

/// The fields in front of every element.
struct element_head {
  std::uint8_t kind = 0;
  std::uint8_t detail = 0; ///< status, barrier kind or end mode
  timestamp time = 0;      ///< watermark, or a wall clock
  std::uint64_t id = 0;    ///< checkpoint, or origin of a marker
};

std::uint64_t origin_of(const latency_marker& marker) {
  return std::uint64_t{marker.vertex} << 32 | marker.subtask;
}

element_head head_of(const stream_element& what) {
  element_head head;
  head.kind = static_cast<std::uint8_t>(what.kind());
  switch (what.kind()) {
  case element_kind::data:
  case element_kind::watermark:
    head.time = what.watermark();
    break;
  case element_kind::status:
    head.detail = static_cast<std::uint8_t>(what.status());
    break;
  case element_kind::barrier:
    head.detail = static_cast<std::uint8_t>(what.barrier().kind);
    head.time = what.barrier().triggered;
    head.id = what.barrier().checkpoint_id;
    break;
  case element_kind::end_of_data:
    head.detail = static_cast<std::uint8_t>(what.ended());
    break;
  case element_kind::end_of_partition:
    break;
  case element_kind::barrier_cancelled:
    head.id = what.cancelled_checkpoint();
    break;
  case element_kind::latency_marker:
    head.time = what.marker().emitted;
    head.id = origin_of(what.marker());
    break;
  }
  return head;
}

/// The element of a head whose kind is not data; nothing if it is none.
std::optional<stream_element> made_of(const element_head& head) noexcept {
  constexpr std::uint8_t last_detail = 1; // of every kind that has one
  if (head.detail > last_detail)
    return std::nullopt;
  switch (static_cast<element_kind>(head.kind)) {
  case element_kind::watermark:
    return stream_element::of_watermark(head.time);
  case element_kind::status:
    return stream_element::of_status(static_cast<stream_status>(head.detail));
  case element_kind::barrier:
    return stream_element::of_barrier(
      {head.id, head.time, static_cast<barrier_kind>(head.detail)});
  case element_kind::end_of_data:
    return stream_element::of_end_of_data(static_cast<end_mode>(head.detail));
  case element_kind::end_of_partition:
    return stream_element::of_end_of_partition();
  case element_kind::barrier_cancelled:
    return stream_element::of_barrier_cancelled(head.id);
  case element_kind::latency_marker:
    return stream_element::of_latency_marker(
      {head.time, static_cast<std::uint32_t>(head.id >> 32),
       static_cast<std::uint32_t>(head.id)});
  case element_kind::data:
    break;
  }
  return std::nullopt;
}

error damaged(const char* what) {
  return {error_code::corrupt_data,
          std::string{"an element of a channel: "} + what};
}

} // namespace

expected<void> encode_element(const stream_element& what,
                              const batch_codec& codec, byte_writer& out) {
  const element_head head = head_of(what);
  out.write_int(head.kind);
  out.write_int(head.detail);
  out.write_int(head.time);
  out.write_int(head.id);
  if (!what.is_data())
    return {};
  try {
    codec.encode(*what.batch(), out);
  } catch (const std::exception& e) {
    return error{error_code::user_function,
                 std::string{"a record could not be encoded: "} + e.what()};
  } catch (...) {
    return error{error_code::user_function, "a record could not be encoded"};
  }
  return {};
}

expected<stream_element> decode_element(std::span<const std::byte> bytes,
                                        const batch_codec& codec) noexcept {
  byte_reader in{bytes};
  element_head head;
  if (!in.read_int(head.kind) || !in.read_int(head.detail)
      || !in.read_int(head.time) || !in.read_int(head.id))
    return damaged("its head is cut off");
  if (head.kind != static_cast<std::uint8_t>(element_kind::data)) {
    auto made = made_of(head);
    if (!made)
      return damaged("of no known kind");
    if (!in.finished())
      return damaged("bytes follow it");
    return std::move(*made);
  }
  batch_ptr batch = codec.decode(in);
  if (!batch)
    return damaged("its records cannot be read");
  if (!in.finished())
    return damaged("bytes follow its records");
  return stream_element::of_data(std::move(batch), head.time);
}

} // namespace flow
