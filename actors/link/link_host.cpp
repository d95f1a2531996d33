/// The one translation unit with Asio in it.

#include "actors/link/link_host.hpp"

#include <array>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio.hpp>

namespace flow {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using error_number = boost::system::error_code;
using steady = std::chrono::steady_clock;

error io_error(const std::string& what, const error_number& number) {
  return {error_code::io, what + ": " + number.message()};
}

std::chrono::milliseconds since(steady::time_point when) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady::now()
                                                               - when);
}

/// An io_context with its thread. Kept by the links that run on it.
class io_thread {
public:
  io_thread() : work_(asio::make_work_guard(io_)) {}
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;
  ~io_thread() { FLOW_ASSERT(!thread_.joinable(), "stopped before its end"); }

  void start() {
    thread_ = std::thread{[this] { io_.run(); }};
  }

  /// Nothing runs any more after this but what `drain` runs.
  void stop() {
    io_.stop();
    if (thread_.joinable())
      thread_.join();
  }

  /// Lets operations that were cancelled come to their end, so that they let
  /// go of what they hold.
  void drain() {
    io_.restart();
    io_.poll();
  }

  asio::io_context& io() { return io_; }

private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

/// A connection, from its first byte on. Everything but send, make_buffer and
/// close happens on the thread of its io_context.
class tcp_link final : public peer_link,
                       public std::enable_shared_from_this<tcp_link> {
public:
  /// Gets the first frame of the peer: to answer, to listen or to refuse.
  using greeted = std::function<expected<std::shared_ptr<link_handler>>(
    const net::handshake&)>;
  using ended = std::function<void(const error&)>;

  explicit tcp_link(std::shared_ptr<io_thread> runs_on)
    : thread_(std::move(runs_on)), socket_(thread_->io()),
      timer_(thread_->io()), reader_(net::max_handshake_payload) {}

  tcp::socket& socket() { return socket_; }

  /// Begins to read. @param on_end called in place of the handler as long as
  /// there is none
  void start(bool heartbeats, greeted on_greeting, ended on_end) {
    error_number ignored;
    socket_.set_option(tcp::no_delay{true}, ignored);
    heartbeats_ = heartbeats;
    greeted_ = std::move(on_greeting);
    ended_ = std::move(on_end);
    last_heard_ = steady::now();
    arm_timer();
    read_some();
  }

  buffer make_buffer() override {
    const std::lock_guard guard{mutex_};
    if (free_.empty())
      return {};
    buffer result = std::move(free_.back());
    free_.pop_back();
    return result;
  }

  void send(buffer frame) override {
    {
      const std::lock_guard guard{mutex_};
      if (closed_)
        return;
      waiting_.push_back(std::move(frame));
      if (std::exchange(writing_, true))
        return;
    }
    asio::post(thread_->io(), [self = shared_from_this()] { self->write(); });
  }

  [[nodiscard]] bool open() const override {
    const std::lock_guard guard{mutex_};
    return !closed_;
  }

  void close(error why) override {
    asio::post(thread_->io(), [self = shared_from_this(),
                               why = std::move(why)] { self->end(why); });
  }

  void end(const error& why) {
    {
      const std::lock_guard guard{mutex_};
      if (std::exchange(closed_, true))
        return;
      waiting_.clear();
    }
    error_number ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    timer_.cancel();
    greeted_ = {};
    if (auto handler = std::exchange(handler_, nullptr))
      handler->on_closed(why);
    else if (auto on_end = std::exchange(ended_, {}))
      on_end(why);
  }

private:
  static constexpr std::size_t frames_per_write = 64;
  static constexpr std::size_t buffers_kept = 64;
  static constexpr std::size_t largest_kept = std::size_t{256} * 1024;

  // -- in ---------------------------------------------------------------------

  void read_some() {
    const auto room = reader_.room();
    socket_.async_read_some(asio::buffer(room.data(), room.size()),
                            [self = shared_from_this()](
                              const error_number& failed, std::size_t count) {
                              self->on_read(failed, count);
                            });
  }

  void on_read(const error_number& failed, std::size_t count) {
    if (!socket_.is_open())
      return;
    if (failed) {
      end(failed == asio::error::eof
            ? error{error_code::io, "the peer has closed the connection"}
            : io_error("the connection broke", failed));
      return;
    }
    last_heard_ = steady::now();
    reader_.filled(count);
    if (auto done = take_frames(); !done)
      end(done.error());
    else if (socket_.is_open())
      read_some();
  }

  expected<void> take_frames() {
    for (;;) {
      auto frame = reader_.next();
      if (!frame)
        return frame.error();
      if (!*frame)
        return {};
      auto done = handler_ ? take(**frame) : greet(**frame);
      if (!done)
        return done;
      if (!socket_.is_open())
        return {};
    }
  }

  expected<void> take(const net::frame_view& frame) {
    if (frame.header.kind == net::frame_kind::heartbeat)
      return {};
    return handler_->on_frame(frame);
  }

  expected<void> greet(const net::frame_view& frame) {
    auto theirs = net::decode_handshake(frame);
    if (!theirs)
      return theirs.error();
    auto handler = greeted_(*theirs);
    if (!handler)
      return handler.error();
    reader_.trust(net::max_frame_payload);
    greeted_ = {};
    ended_ = {};
    handler_ = std::move(*handler);
    timer_.cancel();
    if (heartbeats_)
      arm_timer();
    return {};
  }

  // -- out --------------------------------------------------------------------

  void write() {
    {
      const std::lock_guard guard{mutex_};
      for (buffer& each : written_)
        recycle(std::move(each));
      written_.clear();
      while (!waiting_.empty() && written_.size() < frames_per_write) {
        written_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
      if (written_.empty() || closed_) {
        writing_ = false;
        return;
      }
    }
    pieces_.clear();
    for (const buffer& each : written_)
      pieces_.emplace_back(each.data(), each.size());
    asio::async_write(
      socket_, pieces_,
      [self = shared_from_this()](const error_number& failed, std::size_t) {
        if (failed)
          self->end(io_error("the connection broke", failed));
        self->write();
      });
  }

  /// @pre mutex_ is held
  void recycle(buffer&& used) {
    if (free_.size() == buffers_kept || used.capacity() > largest_kept)
      return;
    used.clear();
    free_.push_back(std::move(used));
  }

  // -- time -------------------------------------------------------------------

  void arm_timer() {
    timer_.expires_after(handler_ ? link_host::heartbeat_interval
                                  : link_host::handshake_timeout);
    timer_.async_wait([weak = weak_from_this()](const error_number& failed) {
      if (auto self = weak.lock(); self && !failed)
        self->on_timer();
    });
  }

  void on_timer() {
    if (!socket_.is_open())
      return;
    if (!handler_) {
      end({error_code::timed_out, "the peer did not say who it is"});
      return;
    }
    send(sign_of_life());
    handler_->on_silence(since(last_heard_));
    arm_timer();
  }

  static buffer sign_of_life() {
    buffer sign;
    const auto made = net::encode_frame({.kind = net::frame_kind::heartbeat,
                                         .flags = 0,
                                         .job = {},
                                         .attempt = {},
                                         .channel = {},
                                         .sequence = 0},
                                        {}, sign);
    FLOW_ASSERT(made.has_value(), "an empty frame is not too long");
    return sign;
  }

  const std::shared_ptr<io_thread> thread_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  net::frame_reader reader_;
  bool heartbeats_ = false;
  greeted greeted_;
  ended ended_;
  std::shared_ptr<link_handler> handler_; // set once greeted, until the end
  steady::time_point last_heard_{};
  std::vector<buffer> written_; // frames of the write under way
  std::vector<asio::const_buffer> pieces_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::deque<buffer> waiting_;
  std::vector<buffer> free_;
  bool writing_ = false;
  bool closed_ = false;
};

/// Accepts the links of one role, on their thread.
class listener {
public:
  listener()
    : thread_(std::make_shared<io_thread>()), acceptor_(thread_->io()) {}

  /// @param on_connected called on the thread of each new link
  void
  listen(std::function<void(const std::shared_ptr<tcp_link>&)> on_connected) {
    const tcp::endpoint local{asio::ip::address_v4::loopback(), 0};
    acceptor_.open(local.protocol());
    acceptor_.bind(local);
    acceptor_.listen();
    port_ = acceptor_.local_endpoint().port();
    on_connected_ = std::move(on_connected);
    accept();
    thread_->start();
  }

  std::shared_ptr<tcp_link> make_link() {
    auto fresh = std::make_shared<tcp_link>(thread_);
    const std::lock_guard guard{mutex_};
    std::erase_if(links_, [](const auto& each) { return each.expired(); });
    links_.push_back(fresh);
    return fresh;
  }

  void stop() {
    thread_->stop();
    error_number ignored;
    acceptor_.close(ignored);
    std::vector<std::weak_ptr<tcp_link>> links;
    {
      const std::lock_guard guard{mutex_};
      links.swap(links_);
    }
    for (const auto& each : links)
      if (auto alive = each.lock())
        alive->end({error_code::cancelled, "this process ends its links"});
    thread_->drain();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// One of those who have not said who they are; null when there are too many.
  std::shared_ptr<void> admit() {
    if (strangers_ >= link_host::max_strangers)
      return nullptr;
    ++strangers_;
    return {this, [](listener* self) { --self->strangers_; }};
  }

private:
  void accept() {
    auto fresh = make_link();
    acceptor_.async_accept(fresh->socket(),
                           [this, fresh](const error_number& failed) {
                             if (failed == asio::error::operation_aborted)
                               return;
                             if (!failed)
                               on_connected_(fresh);
                             accept();
                           });
  }

  const std::shared_ptr<io_thread> thread_;
  tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::size_t strangers_ = 0; // of the thread
  std::function<void(const std::shared_ptr<tcp_link>&)> on_connected_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<tcp_link>> links_; // guarded by mutex_
};

class asio_link_host final : public link_host {
public:
  asio_link_host(net::handshake own, std::string secret, opened on_accept)
    : own_(std::move(own)), secret_(std::move(secret)),
      on_accept_(std::move(on_accept)) {}

  ~asio_link_host() override {
    for (auto& each : listeners_)
      each.stop();
  }

  expected<void> listen() {
    try {
      for (const auto role : {net::link_role::control, net::link_role::data})
        of(role).listen(
          [this, role](const auto& fresh) { on_connected(fresh, role); });
    } catch (const std::exception& e) {
      return error{error_code::io,
                   std::string{"cannot listen on the loopback interface: "}
                     + e.what()};
    }
    return {};
  }

  [[nodiscard]] std::uint16_t port(net::link_role role) const override {
    return listeners_[index(role)].port();
  }

  void dial(std::uint16_t port, net::link_role role, opened on_open,
            failed on_failure) override {
    auto fresh = of(role).make_link();
    const tcp::endpoint target{asio::ip::address_v4::loopback(), port};
    fresh->socket().async_connect(
      target, [this, fresh, role, on_open = std::move(on_open),
               on_failure = std::move(on_failure)](const error_number& number) {
        if (number)
          on_failure(io_error("cannot connect", number));
        else
          greet(fresh, role, on_open, on_failure);
      });
  }

private:
  using listening = expected<std::shared_ptr<link_handler>>;

  static std::size_t index(net::link_role role) {
    return role == net::link_role::data ? 1 : 0;
  }
  listener& of(net::link_role role) { return listeners_[index(role)]; }

  peer_link::buffer greeting(net::link_role role,
                             const std::string& token) const {
    net::handshake mine = own_;
    mine.role = role;
    mine.token = token;
    peer_link::buffer frame;
    const auto made = net::encode_handshake(mine, frame);
    FLOW_ASSERT(made.has_value(), "the own handshake can be sent");
    return frame;
  }

  void greet(const std::shared_ptr<tcp_link>& fresh, net::link_role role,
             const opened& on_open, const failed& on_failure) {
    fresh->send(greeting(role, secret_));
    fresh->start(
      role == net::link_role::control,
      [this, link = fresh.get(), on_open](const net::handshake& theirs) {
        return fit(theirs, *link, on_open);
      },
      on_failure);
  }

  void on_connected(const std::shared_ptr<tcp_link>& fresh,
                    net::link_role role) {
    auto ticket = of(role).admit();
    if (!ticket)
      return; // the connection ends with `fresh`
    fresh->start(
      role == net::link_role::control,
      [this, role, link = fresh.get(),
       ticket](const net::handshake& theirs) -> listening {
        if (!net::knows_token(secret_, theirs))
          return error{error_code::invalid_argument,
                       "the peer does not know the job's token"};
        if (theirs.role != role)
          return error{error_code::invalid_argument,
                       "a link of another role than this port's"};
        link->send(greeting(role, {}));
        return fit(theirs, *link, on_accept_);
      },
      [ticket](const error&) {});
  }

  listening fit(const net::handshake& theirs, tcp_link& link,
                const opened& on_open) const {
    if (auto fits = net::check_handshake(own_, theirs); !fits)
      return fits.error();
    auto handler = on_open(link.shared_from_this(), theirs);
    if (!handler)
      return error{error_code::cancelled, "the link is not wanted"};
    return handler;
  }

  const net::handshake own_;
  const std::string secret_;
  const opened on_accept_;
  std::array<listener, 2> listeners_; // control, data
};

} // namespace

expected<std::unique_ptr<link_host>>
link_host::start(net::handshake own, std::string secret, opened on_accept) {
  FLOW_ASSERT(!secret.empty(), "a link host without a secret");
  auto host = std::make_unique<asio_link_host>(
    std::move(own), std::move(secret), std::move(on_accept));
  if (auto done = host->listen(); !done)
    return done.error();
  return std::unique_ptr<link_host>{std::move(host)};
}

} // namespace flow
