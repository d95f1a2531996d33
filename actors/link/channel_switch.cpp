#include "actors/link/channel_switch.hpp"

#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/exchange/element_codec.hpp"

namespace flow {

namespace {

bool all_within(const batch& records, const hash_range& wanted) {
  const auto hashes = records.hashes();
  // Without a way out of the loop: it is done for every record.
  bool within = hashes.size() == records.size();
  for (const std::uint64_t each : hashes)
    within &= wanted.contains(each);
  return within;
}

} // namespace

class channel_switch::remote_consumer final : public element_way {
public:
  remote_consumer(std::shared_ptr<channel_switch> owner,
                  std::shared_ptr<route> on)
    : owner_(std::move(owner)), on_(std::move(on)) {}

  expected<void> send(std::uint64_t sequence,
                      const stream_element& element) override {
    peer_link::buffer frame = on_->over->make_buffer();
    frame.resize(net::frame_header_bytes);
    {
      byte_writer payload{frame};
      if (auto done = encode_element(element, *on_->codec, payload); !done)
        return done;
    }
    auto sealed = net::seal_frame(
      owner_->header_of(*on_, net::frame_kind::data, sequence), frame);
    if (sealed)
      on_->over->send(std::move(frame));
    return sealed;
  }

private:
  const std::shared_ptr<channel_switch> owner_;
  const std::shared_ptr<route> on_;
};

class channel_switch::remote_producer final : public credit_way {
public:
  remote_producer(std::shared_ptr<channel_switch> owner,
                  std::shared_ptr<route> on)
    : owner_(std::move(owner)), on_(std::move(on)) {}

  void grant(std::uint32_t credits) override {
    peer_link::buffer frame = on_->over->make_buffer();
    frame.resize(net::frame_header_bytes);
    {
      byte_writer payload{frame};
      payload.write_int(credits);
    }
    const auto sealed = net::seal_frame(
      owner_->header_of(*on_, net::frame_kind::credit, next_++), frame);
    FLOW_ASSERT(sealed.has_value(), "four bytes are not too long");
    on_->over->send(std::move(frame));
  }

private:
  const std::shared_ptr<channel_switch> owner_;
  const std::shared_ptr<route> on_;
  std::uint64_t next_ = 0;
};

std::shared_ptr<element_way> channel_switch::add_producer(
  const place& where, std::shared_ptr<peer_link> over, const batch_codec& codec,
  std::shared_ptr<channel_end> end) {
  auto fresh = std::make_shared<route>();
  *fresh = {where, std::move(over), &codec, std::move(end), {}, {}};
  {
    const std::lock_guard guard{mutex_};
    producers_[where.channel] = fresh;
  }
  return std::make_shared<remote_consumer>(shared_from_this(),
                                           std::move(fresh));
}

std::shared_ptr<credit_way> channel_switch::add_consumer(
  const place& where, std::shared_ptr<peer_link> over, const batch_codec& codec,
  std::shared_ptr<channel_end> end, std::optional<hash_range> hashes) {
  auto fresh = std::make_shared<route>();
  *fresh = {where, std::move(over), &codec, std::move(end), hashes, {}};
  {
    const std::lock_guard guard{mutex_};
    consumers_[where.channel] = fresh;
  }
  return std::make_shared<remote_producer>(shared_from_this(),
                                           std::move(fresh));
}

void channel_switch::remove(std::uint32_t task, std::uint32_t attempt) {
  const auto of_task = [&](const auto& entry) {
    const place& where = entry.second->where;
    return where.task == task && where.attempt == attempt;
  };
  const std::lock_guard guard{mutex_};
  std::erase_if(producers_, of_task);
  std::erase_if(consumers_, of_task);
}

// -- frames -------------------------------------------------------------------

net::frame_header channel_switch::header_of(const route& on,
                                            net::frame_kind kind,
                                            std::uint64_t sequence) const {
  return {kind,
          0,
          job_,
          attempt_number{on.where.attempt},
          channel_index{on.where.channel},
          sequence};
}

std::shared_ptr<channel_switch::route>
channel_switch::find(const routes& among, const peer_link& from,
                     const net::frame_header& header) const {
  const std::lock_guard guard{mutex_};
  const auto found = among.find(header.channel.value());
  if (header.job != job_ || found == among.end()
      || found->second->where.attempt != header.attempt.value()
      || found->second->over.get() != &from)
    return nullptr;
  return found->second;
}

expected<void> channel_switch::on_frame(const peer_link& from,
                                        const net::frame_view& frame) {
  switch (frame.header.kind) {
  case net::frame_kind::data:
    if (const auto to = find(consumers_, from, frame.header))
      return take_element(*to, frame);
    return {};
  case net::frame_kind::credit:
    if (const auto to = find(producers_, from, frame.header))
      return take_credit(*to, frame);
    return {};
  case net::frame_kind::handshake:
  case net::frame_kind::control:
  case net::frame_kind::heartbeat:
    break;
  }
  return error{error_code::corrupt_data,
               "a frame of a kind that no data link carries"};
}

/// Gaps in the sequence are found by the gate, as on a channel of one process.
expected<void> channel_switch::take_element(const route& to,
                                            const net::frame_view& frame) {
  auto element = decode_element(frame.payload, *to.codec);
  if (!element)
    return element.error();
  if (to.hashes && element->is_data()
      && !all_within(*element->batch(), *to.hashes))
    return error{error_code::corrupt_data,
                 "records of a channel have not the hashes of its keys"};
  to.end->on_element(frame.header.sequence, std::move(*element));
  return {};
}

expected<void> channel_switch::take_credit(route& to,
                                           const net::frame_view& frame) {
  if (auto in_order = to.credits.accept(frame.header); !in_order)
    return in_order;
  byte_reader payload{frame.payload};
  std::uint32_t credits = 0;
  if (!payload.read_int(credits) || !payload.finished())
    return error{error_code::corrupt_data, "credit of a channel is damaged"};
  to.end->on_credit(credits);
  return {};
}

void channel_switch::on_closed(const peer_link& which, const error& why) {
  std::vector<std::shared_ptr<route>> broken;
  {
    const std::lock_guard guard{mutex_};
    for (auto* among : {&producers_, &consumers_})
      std::erase_if(*among, [&](const auto& entry) {
        if (entry.second->over.get() != &which)
          return false;
        broken.push_back(entry.second);
        return true;
      });
  }
  for (const auto& each : broken)
    each->end->on_broken(why);
}

} // namespace flow
