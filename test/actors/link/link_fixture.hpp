#pragma once

#include <doctest/doctest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/link/link_host.hpp"
#include "test/support/frames.hpp"

namespace flow::test {

/// Keeps what a link brings. Any thread may wait for it.
class recording_handler final : public link_handler {
public:
  expected<void> on_frame(const net::frame_view& view) override {
    const std::lock_guard guard{mutex_};
    frames_.emplace_back(view);
    changed_.notify_all();
    return {};
  }
  void on_closed(const error& why) override {
    const std::lock_guard guard{mutex_};
    closed_ = why;
    changed_.notify_all();
  }

  std::vector<frame> wait_for_frames(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return frames_.size() >= count || closed_; });
    return frames_;
  }
  error wait_for_end() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return closed_.has_value(); });
    return *closed_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<frame> frames_;   // guarded by mutex_
  std::optional<error> closed_; // guarded by mutex_
};

/// One value that a callback of another thread gives.
template <class T>
class promised {
public:
  void set(T value) {
    const std::lock_guard guard{mutex_};
    value_ = std::move(value);
    changed_.notify_all();
  }
  T get() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return value_.has_value(); });
    return *value_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<T> value_; // guarded by mutex_
};

inline net::handshake identity(std::string worker) {
  net::handshake own;
  own.build = "test";
  own.node = "here";
  own.worker = std::move(worker);
  return own;
}

/// A process that listens, and the links that were opened to it.
struct listening_process {
  std::shared_ptr<recording_handler> handler =
    std::make_shared<recording_handler>();
  promised<std::shared_ptr<peer_link>> accepted;
  promised<net::handshake> peer;
  std::unique_ptr<link_host> host;

  explicit listening_process(const std::string& name,
                             const std::string& secret = "secret") {
    auto started =
      link_host::start(identity(name), secret,
                       [this](const std::shared_ptr<peer_link>& fresh,
                              const net::handshake& who) {
                         peer.set(who);
                         accepted.set(fresh);
                         return handler;
                       });
    REQUIRE(started);
    host = std::move(*started);
  }
};

/// Dials; the link, or why there is none.
inline expected<std::shared_ptr<peer_link>>
dial(link_host& from, std::uint16_t port, net::link_role role,
     std::shared_ptr<link_handler> handler) {
  using result = expected<std::shared_ptr<peer_link>>;
  auto outcome = std::make_shared<promised<std::shared_ptr<result>>>();
  from.dial(
    port, role,
    [=](const std::shared_ptr<peer_link>& fresh, const net::handshake&) {
      outcome->set(std::make_shared<result>(fresh));
      return handler;
    },
    [=](const error& why) { outcome->set(std::make_shared<result>(why)); });
  return *outcome->get();
}

} // namespace flow::test
