#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <span>
#include <type_traits>
#include <utility>

#include <cereal/cereal.hpp>

#include "libflow/core/bytes.hpp"

// Cereal archives over flat buffers, for types that say how they are written
// with a Cereal `serialize` (or `save` and `load`). Values inside that have a
// codec of their own are written by it, so no <cereal/types/...> header is
// needed for them. Class versions are not written: they stand in the schema.

namespace flow {

template <class T>
struct codec;

namespace detail {

template <class T>
consteval bool has_own_codec();

/// Ends a `load` whose bytes are damaged; never leaves codec<T>::decode.
class archive_failure : public std::exception {
public:
  [[nodiscard]] const char* what() const noexcept override {
    return "damaged bytes";
  }
};

/// Cereal's four ways of a type to take its class version.
template <class T, class Archive>
concept versioned_output =
  cereal::traits::has_member_versioned_serialize<T, Archive>::value || cereal::
    traits::has_non_member_versioned_serialize<T, Archive>::value || cereal::
      traits::has_member_versioned_save<T, Archive>::value || cereal::traits::
        has_non_member_versioned_save<T, Archive>::value;

template <class T, class Archive>
concept versioned_input =
  cereal::traits::has_member_versioned_serialize<T, Archive>::value || cereal::
    traits::has_non_member_versioned_serialize<T, Archive>::value || cereal::
      traits::has_member_versioned_load<T, Archive>::value || cereal::traits::
        has_non_member_versioned_load<T, Archive>::value;

/// Cereal's own way writes the version and keeps it in a global table that is
/// not safe with threads; so the version is handed over here.
template <class T, class Archive>
void save_versioned(Archive& ar, const T& value) {
  const std::uint32_t version = cereal::detail::Version<T>::version;
  namespace traits = cereal::traits;
  if constexpr (traits::has_member_versioned_serialize<T, Archive>::value)
    cereal::access::member_serialize(ar, const_cast<T&>(value), version);
  else if constexpr (traits::has_non_member_versioned_serialize<T,
                                                                Archive>::value)
    CEREAL_SERIALIZE_FUNCTION_NAME(ar, const_cast<T&>(value), version);
  else if constexpr (traits::has_member_versioned_save<T, Archive>::value)
    cereal::access::member_save(ar, value, version);
  else
    CEREAL_SAVE_FUNCTION_NAME(ar, value, version);
}

template <class T, class Archive>
void load_versioned(Archive& ar, T& value) {
  const std::uint32_t version = cereal::detail::Version<T>::version;
  namespace traits = cereal::traits;
  if constexpr (traits::has_member_versioned_serialize<T, Archive>::value)
    cereal::access::member_serialize(ar, value, version);
  else if constexpr (traits::has_non_member_versioned_serialize<T,
                                                                Archive>::value)
    CEREAL_SERIALIZE_FUNCTION_NAME(ar, value, version);
  else if constexpr (traits::has_member_versioned_load<T, Archive>::value)
    cereal::access::member_load(ar, value, version);
  else
    CEREAL_LOAD_FUNCTION_NAME(ar, value, version);
}

class buffer_output_archive
  : public cereal::OutputArchive<buffer_output_archive> {
public:
  explicit buffer_output_archive(byte_writer& out)
    : OutputArchive(this), out_(out) {}

  template <class... Ts>
  buffer_output_archive& operator()(Ts&&... values) {
    (put(values), ...);
    return *this;
  }
  template <class T>
  buffer_output_archive& operator&(T&& value) {
    return (*this)(std::forward<T>(value));
  }
  template <class T>
  buffer_output_archive& operator<<(T&& value) {
    return (*this)(std::forward<T>(value));
  }

  template <class T>
  void put(const T& value) {
    if constexpr (has_own_codec<T>())
      codec<T>::encode(value, out_);
    else if constexpr (versioned_output<T, buffer_output_archive>)
      save_versioned(*this, value);
    else
      OutputArchive::operator()(value);
  }

  byte_writer& out() noexcept { return out_; }

private:
  byte_writer& out_;
};

class buffer_input_archive : public cereal::InputArchive<buffer_input_archive> {
public:
  explicit buffer_input_archive(byte_reader& in)
    : InputArchive(this), in_(in) {}

  template <class... Ts>
  buffer_input_archive& operator()(Ts&&... values) {
    (get(values), ...);
    return *this;
  }
  template <class T>
  buffer_input_archive& operator&(T&& value) {
    return (*this)(std::forward<T>(value));
  }
  template <class T>
  buffer_input_archive& operator>>(T&& value) {
    return (*this)(std::forward<T>(value));
  }

  template <class T>
  void get(T& value) {
    require(in_.enter());
    if constexpr (!std::is_const_v<T> && has_own_codec<T>())
      require(codec<T>::decode(in_, value));
    else if constexpr (versioned_input<T, buffer_input_archive>)
      load_versioned(*this, value);
    else
      InputArchive::operator()(value);
    in_.leave();
  }

  void require(bool good) const {
    if (!good)
      throw archive_failure{};
  }

  byte_reader& in() noexcept { return in_; }

private:
  byte_reader& in_;
};

// What follows is found by Cereal through argument-dependent lookup.

template <class T>
requires std::is_arithmetic_v<T> || std::is_enum_v<T>
void CEREAL_SAVE_FUNCTION_NAME(buffer_output_archive& ar, const T& value) {
  codec<T>::encode(value, ar.out());
}

template <class T>
requires std::is_arithmetic_v<T> || std::is_enum_v<T>
void CEREAL_LOAD_FUNCTION_NAME(buffer_input_archive& ar, T& value) {
  ar.require(codec<T>::decode(ar.in(), value));
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(buffer_output_archive& ar,
                               const cereal::NameValuePair<T>& pair) {
  ar(pair.value);
}

template <class T>
void CEREAL_LOAD_FUNCTION_NAME(buffer_input_archive& ar,
                               cereal::NameValuePair<T>& pair) {
  ar(pair.value);
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(buffer_output_archive& ar,
                               const cereal::SizeTag<T>& tag) {
  ar.out().write_length(static_cast<std::size_t>(tag.size));
}

template <class T>
void CEREAL_LOAD_FUNCTION_NAME(buffer_input_archive& ar,
                               cereal::SizeTag<T>& tag) {
  std::size_t length = 0;
  ar.require(ar.in().read_length(length, 1));
  tag.size = static_cast<std::remove_reference_t<T>>(length);
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(buffer_output_archive& ar,
                               const cereal::BinaryData<T>& data) {
  ar.out().write_raw({static_cast<const std::byte*>(data.data),
                      static_cast<std::size_t>(data.size)});
}

template <class T>
void CEREAL_LOAD_FUNCTION_NAME(buffer_input_archive& ar,
                               cereal::BinaryData<T>& data) {
  std::span<const std::byte> bytes;
  const auto size = static_cast<std::size_t>(data.size);
  ar.require(ar.in().read_raw(size, bytes));
  if (size != 0)
    std::memcpy(data.data, bytes.data(), size);
}

template <class T>
concept cereal_record =
  std::is_class_v<T> && cereal::traits::is_output_serializable<
    T, buffer_output_archive>::value && cereal::traits::
    is_input_serializable<T, buffer_input_archive>::value;

} // namespace detail
} // namespace flow

CEREAL_SETUP_ARCHIVE_TRAITS(flow::detail::buffer_input_archive,
                            flow::detail::buffer_output_archive)
