#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "platform/byte_stream.h"
#include "platform/event_loop.h"
#include "platform/frame_codec.h"
#include "platform/handshake.h"
#include "platform/tcp_context.h"
#include "platform/transport.h"
#include "platform/unique_fd.h"

namespace weir {

/// One conversation over TCP: dialed or accepted, then TLS, then the handshake, then frames.
/// Outlives its Connection while the last frames are still in flight. Callbacks run on the thread
/// of TcpContext::loop. A link begins at the acceptor or the dialer, and moves to that loop when
/// the handshake is complete. Locks: none is held while another is taken, except that callbacks,
/// which hold callback_mutex_, may send.
class TcpLink final : public EventLoop::Handler, public std::enable_shared_from_this<TcpLink> {
 public:
  /// Gets an accepted link when its peer has proven itself. False: the link is no longer wanted.
  using Admit = std::function<bool(const std::shared_ptr<TcpLink>& link)>;

  /// `peer` names the other side in messages. `admit` null: the link was dialed.
  TcpLink(std::shared_ptr<TcpContext> context, std::string peer, Endpoint endpoint, Admit admit);
  ~TcpLink() override;

  // any thread
  void send(std::string frame);
  /// Called when the Connection is gone. No callback is running when this returns, and none
  /// follows. Sent frames are still delivered if that is possible soon.
  void abandon();
  /// For an accepted link, once. Does nothing if the link has been abandoned.
  void set_endpoint(Endpoint endpoint);

  // the thread of the link's current loop
  /// The first call: enter_loop() for a dialed link, begin_handshake() for an accepted one.
  void enter_loop();
  void begin_handshake(const std::string& host);
  void connected(UniqueFd socket);
  /// Ends the conversation and notifies the endpoint if it is still interested.
  void fail(Status reason);
  /// `cancel_dialing` is called if the link ends before it is connected.
  void on_unconnected_end(std::function<void()> cancel_dialing) {
    cancel_dialing_ = std::move(cancel_dialing);
  }
  void on_events(uint32_t epoll_events) override;
  void on_deadline() override;
  void on_stop() override;

 private:
  enum class State { kUnconnected, kSecuring, kGreeting, kOpen, kClosed };
  struct OutFrame {
    FrameHeader header;
    std::string body;
    size_t size() const { return header.size() + body.size(); }
  };

  EventLoop& loop() const { return *current_loop_; }
  /// Calls it on the thread of the link's current loop. Any thread.
  void post(void (TcpLink::*call)());
  bool finish_securing();
  // False: the link has left its first loop, and now belongs to its new thread.
  bool read_input(bool to_the_end);
  bool take(std::string_view bytes);
  bool take_greeting(std::string_view* bytes);
  void take_frames(std::string_view bytes);
  void open();
  void hand_to_loop(std::string input);
  void arrive(std::string_view input);
  void end_of_input();
  void write_output();
  void begin_linger();
  void close();
  Status in_context(const Status& reason) const;

  // write_mutex_ held
  bool has_output() const {
    return greeting_written_ < greeting_.size() || (may_send_frames_ && !queue_.empty());
  }
  void write_some();
  void consume(size_t bytes);
  void drop_output();
  void update_watch();

  // set once
  const std::shared_ptr<TcpContext> context_;
  const std::string peer_;
  const bool dialled_;

  // the thread of its loop only; socket_ and stream_ are changed under write_mutex_
  EventLoop* current_loop_;  // changed under write_mutex_
  bool is_stranger_ = false;
  State state_ = State::kUnconnected;
  EventLoop::HandlerId id_ = 0;
  UniqueFd socket_;
  std::unique_ptr<ByteStream> stream_;
  std::optional<Handshake> handshake_;
  FrameDecoder decoder_;
  FrameDecoder::Sink sink_;
  std::function<void()> cancel_dialing_;
  Admit admit_;  // null after it has been called
  bool lingering_ = false;

  std::atomic<bool> handed_over_{false};  ///< TcpContext::loop will serve it, or does

  std::mutex write_mutex_;
  // guarded by write_mutex_
  std::string greeting_;  // the handshake's bytes
  size_t greeting_written_ = 0;
  std::deque<OutFrame> queue_;
  size_t front_written_ = 0;  // of queue_.front(), header included
  bool may_send_frames_ = false;
  bool ended_ = false;     // send() ignores further frames
  bool finished_ = false;  // the peer knows that nothing more comes
  bool read_wants_write_ = false;
  uint32_t watched_ = 0;
  Status write_error_;

  std::mutex callback_mutex_;
  // guarded by callback_mutex_
  Endpoint endpoint_;
  bool interested_ = true;
};

/// The owner's handle of a link.
class TcpConnection final : public Connection {
 public:
  explicit TcpConnection(std::shared_ptr<TcpLink> link) : link_(std::move(link)) {}
  ~TcpConnection() override { link_->abandon(); }
  void send(std::string frame) override { link_->send(std::move(frame)); }

 private:
  const std::shared_ptr<TcpLink> link_;
};

}  // namespace weir
