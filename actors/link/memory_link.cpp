#include "actors/link/memory_link.hpp"

#include <algorithm>
#include <cstring>

namespace flow {

std::pair<std::shared_ptr<memory_link>, std::shared_ptr<memory_link>>
memory_link::make_pair() {
  auto first = std::make_shared<memory_link>();
  auto second = std::make_shared<memory_link>();
  first->peer_ = second;
  second->peer_ = first;
  return {std::move(first), std::move(second)};
}

void memory_link::listen(std::shared_ptr<link_handler> handler) {
  handler_ = std::move(handler);
}

void memory_link::send(buffer frame) {
  {
    const std::lock_guard guard{mutex_};
    if (closed_)
      return;
  }
  if (auto peer = peer_.lock())
    peer->inject(std::move(frame));
}

void memory_link::inject(buffer bytes) {
  const std::lock_guard guard{mutex_};
  if (!closed_)
    arriving_.push_back(std::move(bytes));
}

bool memory_link::open() const {
  const std::lock_guard guard{mutex_};
  return !closed_;
}

void memory_link::close(error why) {
  {
    const std::lock_guard guard{mutex_};
    if (std::exchange(closed_, true))
      return;
    arriving_.clear();
  }
  if (auto peer = peer_.lock()) {
    const std::lock_guard guard{peer->mutex_};
    peer->peer_closed_ = true;
  }
  if (handler_)
    handler_->on_closed(why);
}

bool memory_link::deliver() {
  buffer next;
  bool ended = false;
  {
    const std::lock_guard guard{mutex_};
    if (closed_ || (arriving_.empty() && !peer_closed_))
      return false;
    ended = arriving_.empty();
    if (!ended) {
      next = std::move(arriving_.front());
      arriving_.pop_front();
    }
  }
  if (ended) {
    close({error_code::io, "the peer has closed the link"});
    return false;
  }
  return take(next);
}

bool memory_link::take(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto room = reader_.room();
    const auto count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    reader_.filled(count);
    bytes = bytes.subspan(count);
    for (;;) {
      auto frame = reader_.next();
      auto done = frame ? expected<void>{} : expected<void>{frame.error()};
      if (frame && !*frame)
        break;
      if (frame)
        done = handler_->on_frame(**frame);
      if (!done) {
        close(done.error());
        return false;
      }
    }
  }
  return true;
}

} // namespace flow
