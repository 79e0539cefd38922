#include "platform/tcp_link.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "platform/tcp_socket.h"
#include "platform/tcp_strangers.h"
#include "platform/tls_stream.h"

namespace weir {
namespace {

using Kind = IoResult::Kind;

// Prevents one busy link from delaying the others.
constexpr size_t kWriteBudget = 1 << 20;
constexpr size_t kMaxParts = 64;

}  // namespace

TcpLink::TcpLink(std::shared_ptr<TcpContext> context, std::string peer, Endpoint endpoint,
                 Admit admit)
    : context_(std::move(context)),
      peer_(std::move(peer)),
      dialled_(admit == nullptr),
      current_loop_(dialled_ ? context_->dialer.get() : context_->acceptor.get()),
      decoder_(context_->options.max_frame_bytes),
      admit_(std::move(admit)),
      endpoint_(std::move(endpoint)) {
  sink_ = [this](std::string frame) {
    context_->frames_received.fetch_add(1, std::memory_order_relaxed);
    std::lock_guard lock(callback_mutex_);
    if (interested_ && endpoint_.on_frame) endpoint_.on_frame(std::move(frame));
  };
}

TcpLink::~TcpLink() { drop_output(); }

// Any thread.

void TcpLink::send(std::string frame) {
  const bool too_long = frame.size() > context_->options.max_frame_bytes;
  const FrameHeader header = too_long ? FrameHeader{} : frame_header(frame);
  {
    std::lock_guard lock(write_mutex_);
    if (ended_) return;
    if (too_long) {
      write_error_ = internal_error(cat("a frame of ", frame.size(),
                                        " bytes was to be sent, and the limit is ",
                                        context_->options.max_frame_bytes));
      drop_output();
    } else {
      const bool was_empty = queue_.empty();
      context_->bytes_queued.fetch_add(static_cast<int64_t>(header.size() + frame.size()),
                                       std::memory_order_relaxed);
      queue_.push_back({header, std::move(frame)});
      // If frames were queued, the loop is already writing.
      if (was_empty && may_send_frames_) write_some();
    }
    if (write_error_.ok()) return;
  }
  post(&TcpLink::write_output);
}

void TcpLink::abandon() {
  Endpoint dropped;
  {
    std::lock_guard lock(callback_mutex_);
    interested_ = false;
    dropped = std::move(endpoint_);
  }
  post(&TcpLink::begin_linger);
}

/// Only the owner's Connection leads here. So an accepted link has been handed over, and a dialed
/// one is at the dialer until then.
void TcpLink::post(void (TcpLink::*call)()) {
  const auto run = [self = shared_from_this(), call] { (self.get()->*call)(); };
  if (!dialled_ || handed_over_.load(std::memory_order_acquire)) return context_->loop->post(run);
  context_->dialer->post([this, run] {
    if (handed_over_.load(std::memory_order_acquire)) return context_->loop->post(run);
    run();
  });
}

void TcpLink::set_endpoint(Endpoint endpoint) {
  std::lock_guard lock(callback_mutex_);
  if (interested_) endpoint_ = std::move(endpoint);
}

// Beginning and end.

void TcpLink::enter_loop() { id_ = loop().add(shared_from_this()); }

void TcpLink::begin_handshake(const std::string& host) {
  is_stranger_ = true;
  enter_loop();
  context_->strangers->enter(id_, host, *this);
}

void TcpLink::connected(UniqueFd socket) {
  set_connection_options(socket.get());
  cancel_dialing_ = nullptr;
  state_ = State::kSecuring;
  if (!lingering_) loop().set_deadline(id_, loop().now() + context_->options.handshake_timeout);
  {
    std::lock_guard lock(write_mutex_);
    socket_ = std::move(socket);
    stream_ = context_->tls ? make_tls_stream(context_->tls, socket_.get(), dialled_)
                            : make_plain_stream(socket_.get());
  }
  on_events(0);
}

void TcpLink::fail(Status reason) {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();  // the loop may hold the last reference to this link
  const Status notified = in_context(reason);
  if (is_stranger_) context_->strangers->log(std::string(notified.message()));
  close();
  const auto notify = [self, notified] {
    std::lock_guard lock(self->callback_mutex_);
    if (!std::exchange(self->interested_, false)) return;
    if (self->endpoint_.on_break) self->endpoint_.on_break(notified);
  };
  if (current_loop_ == context_->loop.get()) {
    notify();
  } else if (dialled_) {
    context_->loop->post(notify);
  }
}

Status TcpLink::in_context(const Status& reason) const {
  switch (state_) {
    case State::kUnconnected: return reason.with_context(cat("could not connect to ", peer_));
    case State::kOpen:
    case State::kClosed: return reason.with_context(cat("the connection with ", peer_, " broke"));
    default:
      return reason.with_context(dialled_ ? cat("could not agree with ", peer_)
                                          : cat("refused a connection from ", peer_));
  }
}

void TcpLink::close() {
  state_ = State::kClosed;
  admit_ = nullptr;
  if (const auto cancel = std::exchange(cancel_dialing_, nullptr)) cancel();
  if (is_stranger_) context_->strangers->leave(id_);
  {
    std::lock_guard lock(write_mutex_);
    drop_output();
    stream_.reset();
    socket_.reset();
  }
  loop().remove(id_);
}

void TcpLink::begin_linger() {
  if (state_ == State::kClosed) return;
  lingering_ = true;
  bool idle;
  {
    std::lock_guard lock(write_mutex_);
    idle = queue_.empty();
  }
  if (idle && state_ != State::kOpen) return close();
  loop().set_deadline(id_, loop().now() + context_->options.linger);
  if (state_ == State::kOpen) write_output();
}

void TcpLink::on_deadline() {
  if (lingering_) return close();
  fail(unavailable(cat("the handshake was not complete after ",
                       context_->options.handshake_timeout.count(), " ms")));
}

void TcpLink::on_stop() {
  if (is_stranger_) return close();
  if (!lingering_) fail(cancelled("this process's transport was closed"));
}

// The socket.

void TcpLink::on_events(uint32_t epoll_events) {
  if (state_ == State::kClosed) return;
  bool readable = (epoll_events & ~uint32_t{EPOLLOUT}) != 0;
  if (state_ == State::kSecuring) {
    if (!finish_securing()) return;
    readable = readable || stream_->holds_input();
  }
  {
    std::lock_guard lock(write_mutex_);
    readable = readable || read_wants_write_;
  }
  if (readable && !read_input(false)) return;
  write_output();
}

bool TcpLink::finish_securing() {
  const IoResult result = stream_->set_up();
  if (result.kind == Kind::kEnd) {
    return fail(unavailable("the peer closed the connection in the middle of the TLS handshake: "
                            "does it have security.ssl.internal.enabled too?")),
           false;
  }
  if (result.kind == Kind::kFailed) return fail(result.error), false;
  auto nonce = Handshake::fresh_nonce();
  if (!nonce.ok()) return fail(nonce.status()), false;
  std::lock_guard lock(write_mutex_);
  read_wants_write_ = result.kind == Kind::kWantWrite;
  if (result.kind == Kind::kDone) {
    handshake_.emplace(dialled_ ? Handshake::Role::kDialer : Handshake::Role::kListener,
                       context_->secret, stream_->binding(), *nonce);
    greeting_ = handshake_->greeting();
    state_ = State::kGreeting;
  }
  update_watch();
  return result.kind == Kind::kDone;
}

bool TcpLink::read_input(bool to_the_end) {
  std::vector<char>& buffer = loop().buffer();
  for (size_t read = 0; state_ != State::kClosed;) {
    const IoResult result = stream_->read(buffer.data(), buffer.size());
    {
      std::lock_guard lock(write_mutex_);
      read_wants_write_ = result.kind == Kind::kWantWrite;
    }
    if (result.kind == Kind::kEnd) return end_of_input(), true;
    if (result.kind == Kind::kFailed) return fail(result.error), true;
    if (result.kind != Kind::kDone) return true;
    context_->bytes_received.fetch_add(result.bytes, std::memory_order_relaxed);
    if (!take({buffer.data(), result.bytes})) return false;
    read += result.bytes;
    if (to_the_end || stream_ == nullptr) continue;
    const bool budget_used = read >= context_->options.read_budget;
    if (!stream_->holds_input() && (result.bytes < buffer.size() || budget_used)) return true;
    if (budget_used)
      return loop().post([self = shared_from_this()] { self->on_events(EPOLLIN); }), true;
  }
  return true;
}

bool TcpLink::take(std::string_view bytes) {
  if (state_ == State::kGreeting && !take_greeting(&bytes)) return false;
  take_frames(bytes);
  return true;
}

bool TcpLink::take_greeting(std::string_view* bytes) {
  std::string answer;
  const Status received = handshake_->receive(bytes, &answer);
  {
    std::lock_guard lock(write_mutex_);
    greeting_ += answer;
    if (!received.ok()) write_some();
  }
  if (!received.ok()) return fail(received), true;
  if (!handshake_->done()) return true;
  if (current_loop_ == context_->loop.get()) return open(), true;
  hand_to_loop(std::string(*bytes));
  return false;
}

void TcpLink::take_frames(std::string_view bytes) {
  // While lingering, bytes are read only to keep the kernel from resetting the connection over
  // unread data.
  if (state_ != State::kOpen || lingering_) return;
  if (const Status fed = decoder_.feed(bytes, sink_); !fed.ok()) fail(fed);
}

void TcpLink::open() {
  state_ = State::kOpen;
  if (!lingering_) loop().set_deadline(id_, EventLoop::kNever);
  std::lock_guard lock(write_mutex_);
  may_send_frames_ = true;
}

/// `input`: the bytes after the greeting.
void TcpLink::hand_to_loop(std::string input) {
  if (std::exchange(is_stranger_, false)) context_->strangers->leave(id_);
  loop().unwatch(socket_.get());
  loop().remove(id_);
  {
    std::lock_guard lock(write_mutex_);
    watched_ = 0;
    current_loop_ = context_->loop.get();
  }
  context_->loop->post(
      [self = shared_from_this(), input = std::move(input)] { self->arrive(input); });
  handed_over_.store(true, std::memory_order_release);  // what is posted from now on comes later
}

void TcpLink::arrive(std::string_view input) {
  enter_loop();
  open();
  if (lingering_) loop().set_deadline(id_, loop().now() + context_->options.linger);
  const Admit admit = std::exchange(admit_, nullptr);
  if (admit && !admit(shared_from_this())) return close();
  take_frames(input);
  on_events(EPOLLIN);
}

void TcpLink::end_of_input() {
  if (lingering_ && state_ == State::kOpen) return close();
  if (state_ == State::kGreeting)
    return fail(unavailable(std::string(handshake_->meaning_of_end())));
  fail(unavailable(decoder_.in_frame() ? "the peer ended it in the middle of a frame"
                                       : "the peer ended it"));
}

void TcpLink::write_output() {
  if (state_ == State::kClosed) return;
  Status error;
  {
    std::lock_guard lock(write_mutex_);
    write_some();
    error = write_error_;
    if (error.ok() && lingering_ && state_ == State::kOpen && !has_output() && !finished_) {
      finished_ = true;
      stream_->finish();
    }
  }
  if (error.ok()) return;
  // The peer's last message, for instance its reason for closing, is worth more than the fact that
  // writing failed.
  if ((state_ == State::kOpen || state_ == State::kGreeting) && !read_input(true)) return;
  fail(error);
}

// write_mutex_ held.

void TcpLink::write_some() {
  std::array<iovec, kMaxParts> parts;
  size_t written = 0;
  while (stream_ != nullptr && has_output() && written < kWriteBudget) {
    size_t count = 0;
    size_t offered = 0;
    const auto offer = [&](const std::string_view bytes, size_t skipped) {
      if (skipped >= bytes.size()) return;
      parts[count++] = {const_cast<char*>(bytes.data()) + skipped, bytes.size() - skipped};
      offered += bytes.size() - skipped;
    };
    offer(greeting_, greeting_written_);
    size_t skipped = front_written_;
    for (auto frame = queue_.begin(); may_send_frames_ && frame != queue_.end() &&
                                      count + 2 <= kMaxParts && offered < kWriteBudget;
         ++frame) {
      offer({frame->header.data(), frame->header.size()}, skipped);
      offer(frame->body, skipped > frame->header.size() ? skipped - frame->header.size() : 0);
      skipped = 0;
    }
    const IoResult result = stream_->write({parts.data(), count});
    if (result.kind == Kind::kFailed || result.kind == Kind::kEnd) {
      write_error_ = result.kind == Kind::kEnd ? unavailable("the peer ended it") : result.error;
      drop_output();
      break;
    }
    consume(result.bytes);
    written += result.bytes;
    if (result.bytes < offered) break;
  }
  update_watch();
}

void TcpLink::consume(size_t bytes) {
  const size_t of_greeting = std::min(bytes, greeting_.size() - greeting_written_);
  greeting_written_ += of_greeting;
  front_written_ += bytes - of_greeting;
  context_->bytes_queued.fetch_sub(static_cast<int64_t>(bytes - of_greeting),
                                   std::memory_order_relaxed);
  context_->bytes_sent.fetch_add(bytes - of_greeting, std::memory_order_relaxed);
  while (!queue_.empty() && front_written_ >= queue_.front().size()) {
    front_written_ -= queue_.front().size();
    queue_.pop_front();
    context_->frames_sent.fetch_add(1, std::memory_order_relaxed);
  }
}

void TcpLink::drop_output() {
  ended_ = true;
  size_t queued = 0;
  for (const OutFrame& frame : queue_) queued += frame.size();
  context_->bytes_queued.fetch_sub(static_cast<int64_t>(queued - front_written_),
                                   std::memory_order_relaxed);
  queue_.clear();
  front_written_ = 0;
  greeting_written_ = greeting_.size();
}

void TcpLink::update_watch() {
  if (!socket_.valid()) return;
  const uint32_t wanted = EPOLLIN | (has_output() || read_wants_write_ ? uint32_t{EPOLLOUT} : 0);
  if (wanted == watched_) return;
  watched_ = wanted;
  loop().watch(socket_.get(), id_, wanted);
}

}  // namespace weir
