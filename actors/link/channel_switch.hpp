#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "actors/link/peer_link.hpp"
#include "actors/messages/channel_ways.hpp"
#include "libflow/core/ids.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/exchange/batch_codec.hpp"

namespace flow {

/// This process's end of a channel whose other end is in another one.
/// Calls come from the link's thread and must not block.
class channel_end {
public:
  virtual ~channel_end() = default;

  /// At a consumer.
  virtual void on_element(std::uint64_t sequence, stream_element&& element) = 0;
  /// At a producer.
  virtual void on_credit(std::uint32_t credits) = 0;
  /// The link under the channel has ended, the attempt with it.
  virtual void on_broken(const error& why) = 0;
};

/// Which channels of this process lead over which link. Turns elements and
/// credit into frames, and frames back.
///
/// Fencing: a frame is taken only if its attempt is that of the channel's
/// registration and it came over the channel's link. Others are dropped: they
/// come from an attempt that is over, or from a process that has been replaced.
/// What cannot be read closes the link.
///
/// Owner: the worker, and the ways it gives out, which may outlive it.
/// @thread any
class channel_switch : public std::enable_shared_from_this<channel_switch> {
public:
  /// Names a channel: the same number at both ends (`channel_numbers`).
  struct place {
    std::uint32_t task = 0; ///< of this process; for `remove`
    std::uint32_t attempt = 0;
    std::uint32_t channel = 0;
  };

  explicit channel_switch(job_id job) : job_(job) {}

  /// A producer of this process sends on the channel.
  /// @param codec outlives the result
  std::shared_ptr<element_way> add_producer(const place& where,
                                            std::shared_ptr<peer_link> over,
                                            const batch_codec& codec,
                                            std::shared_ptr<channel_end> end);

  /// A consumer of this process receives from the channel.
  /// @param hashes  that its records have to come with, for they say where
  /// keyed state lies; none: it has no use for them
  std::shared_ptr<credit_way>
  add_consumer(const place& where, std::shared_ptr<peer_link> over,
               const batch_codec& codec, std::shared_ptr<channel_end> end,
               std::optional<hash_range> hashes = {});

  /// The task has ended; what still comes for it is dropped.
  void remove(std::uint32_t task, std::uint32_t attempt);

  /// For the handlers of data links.
  expected<void> on_frame(const peer_link& from, const net::frame_view& frame);
  void on_closed(const peer_link& which, const error& why);

private:
  class remote_consumer;
  class remote_producer;

  struct route {
    place where;
    std::shared_ptr<peer_link> over;
    const batch_codec* codec = nullptr;
    std::shared_ptr<channel_end> end;
    std::optional<hash_range> hashes; // of a consumer
    net::frame_sequence credits;      // of a producer: frames that came
  };
  using routes = std::map<std::uint32_t, std::shared_ptr<route>>; // by channel

  std::shared_ptr<route> find(const routes& among, const peer_link& from,
                              const net::frame_header& header) const;
  [[nodiscard]] net::frame_header header_of(const route& on,
                                            net::frame_kind kind,
                                            std::uint64_t sequence) const;
  expected<void> take_element(const route& to, const net::frame_view& frame);
  expected<void> take_credit(route& to, const net::frame_view& frame);

  const job_id job_;
  mutable std::mutex mutex_;
  routes producers_; // guarded by mutex_
  routes consumers_; // guarded by mutex_
};

} // namespace flow
