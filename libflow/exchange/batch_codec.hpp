#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "libflow/core/batch.hpp"
#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/hash.hpp"
#include "libflow/core/plain_bytes.hpp"

namespace flow {

/// How the batches of one edge become bytes and batches again, without their
/// type. Constant; any thread may call. FORMAT.md has the bytes.
class batch_codec {
public:
  virtual ~batch_codec() = default;

  /// False for records that have no codec: they cannot leave the process.
  [[nodiscard]] virtual bool usable() const noexcept = 0;

  /// Appends the batch. Throws only what a `serialize` of the author throws.
  /// @pre usable(), and the batch is one of this edge
  virtual void encode(const batch& what, byte_writer& out) const = 0;

  /// Reads what encode wrote; null if the bytes are damaged. Bytes are not
  /// trusted: nothing is allocated for records whose bytes are not there.
  [[nodiscard]] virtual batch_ptr decode(byte_reader& in) const noexcept = 0;
};

/// Most memory that the values of one batch may take when they are decoded: a
/// few bytes may stand for a large value.
inline constexpr std::size_t max_decoded_batch_bytes = std::size_t{64} << 20;

namespace detail {

/// Values one after the other, `count` of them known to both sides.
template <class T>
void encode_values(std::span<const T> values, byte_writer& out) {
  if constexpr (is_plain_bytes<T>)
    out.write_raw(std::as_bytes(values));
  else
    for (const T& each : values)
      codec<T>::encode(each, out);
}

/// A column of words as it lies in memory.
template <class T>
[[nodiscard]] bool decode_words(byte_reader& in, std::size_t count,
                                column<T>& to) noexcept {
  std::span<const std::byte> bytes;
  if (!in.read_raw(count * sizeof(T), bytes))
    return false;
  if (count > 0)
    std::memcpy(static_cast<void*>(to.append_uninitialized(count)),
                bytes.data(), bytes.size());
  return true;
}

} // namespace detail

/// Which columns follow; other bits are damage.
inline constexpr std::uint8_t batch_has_hashes = 1;
inline constexpr std::uint8_t batch_has_keys = 2;

/// @tparam Key of a column of computed keys that may ride along; void: none
template <class T, class Key = void>
class typed_batch_codec final : public batch_codec {
public:
  [[nodiscard]] bool usable() const noexcept override {
    return encodes && (!ships_keys || codable<key_type>);
  }

  void encode(const batch& what, byte_writer& out) const override {
    if constexpr (encodes) {
      FLOW_ASSERT(what.record_type() == typeid(T),
                  "a batch of another record type on this edge");
      const auto& typed = static_cast<const record_batch<T>&>(what);
      const std::size_t count = typed.size();
      const bool hashed = count > 0 && typed.hashes().size() == count;
      const bool keyed = hashed && has_keys(typed);
      out.write_int(static_cast<std::uint8_t>((hashed ? batch_has_hashes : 0)
                                              | (keyed ? batch_has_keys : 0)));
      out.write_length(count);
      out.write_raw(std::as_bytes(typed.timestamps()));
      if (hashed)
        out.write_raw(std::as_bytes(typed.hashes()));
      detail::encode_values(typed.values(), out);
      if (keyed)
        encode_keys(typed, out);
    }
  }

  [[nodiscard]] batch_ptr decode(byte_reader& in) const noexcept override {
    if constexpr (encodes) {
      std::uint8_t columns = 0;
      std::size_t count = 0;
      if (!in.read_int(columns) || !known(columns)
          || !in.read_length(count, bytes_per_record(columns))
          || count > max_decoded_batch_bytes / sizeof(T))
        return {};
      auto result = record_batch<T>::make();
      if (!detail::decode_words(in, count, result->stamp_column())
          || ((columns & batch_has_hashes) != 0
              && !detail::decode_words(in, count, result->hash_column()))
          || !decode_values(in, count, *result)
          || ((columns & batch_has_keys) != 0
              && !decode_keys(in, count, *result)))
        return {};
      return result;
    }
    return {};
  }

private:
  static constexpr bool ships_keys = !std::is_void_v<Key>;
  using key_type = std::conditional_t<ships_keys, Key, std::uint8_t>;
  static constexpr bool encodes = codable<T>;

  /// Computed keys and their hashes come together.
  [[nodiscard]] static bool known(std::uint8_t columns) noexcept {
    return columns == 0
           || columns
                == (ships_keys ? batch_has_hashes | batch_has_keys
                               : batch_has_hashes);
  }

  [[nodiscard]] static std::size_t
  bytes_per_record(std::uint8_t columns) noexcept {
    std::size_t result = sizeof(timestamp) + detail::min_size<T>();
    if ((columns & batch_has_hashes) != 0)
      result += sizeof(std::uint64_t);
    if ((columns & batch_has_keys) != 0)
      result += detail::min_size<key_type>();
    return result;
  }

  [[nodiscard]] static bool decode_values(byte_reader& in, std::size_t count,
                                          record_batch<T>& to) noexcept {
    if constexpr (detail::is_plain_bytes<T>) {
      return detail::decode_words(in, count, to.value_column());
    } else {
      for (std::size_t i = 0; i < count && !in.failed(); ++i)
        to.append_filled([&](T& value) {
          if (!codec<T>::decode(in, value))
            in.fail();
        });
      return !in.failed();
    }
  }

  [[nodiscard]] static bool has_keys(const record_batch<T>& from) noexcept {
    if constexpr (ships_keys) {
      const auto* keys = from.template find_keys<Key>();
      return keys != nullptr && keys->size() == from.size();
    }
    return false;
  }

  static void encode_keys(const record_batch<T>& from, byte_writer& out) {
    if constexpr (ships_keys)
      detail::encode_values<Key>(*from.template find_keys<Key>(), out);
  }

  [[nodiscard]] static bool decode_keys(byte_reader& in, std::size_t count,
                                        record_batch<T>& to) noexcept {
    if constexpr (ships_keys) {
      arena_scope scope{to.arena_for_copies()};
      auto& keys = to.template keys<Key>();
      const auto hashes = to.hashes();
      for (std::size_t i = 0; i < count && !in.failed(); ++i) {
        auto& key = keys.emplace_back();
        if (!codec<Key>::decode(in, key) || key_hash(key) != hashes[i])
          in.fail();
      }
    }
    return !in.failed();
  }
};

} // namespace flow
