#pragma once

// Adapters between a source with splits of a type and the engine, where splits are bytes.

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/connector/source.h"
#include "weir/types/serializer.h"

namespace weir::detail {

template <class Split>
std::string encode_split(const Split& split) {
  BinaryWriter out;
  Serializer<Split>::write(out, split);
  return out.take();
}
template <class Split>
StatusOr<Split> decode_split(std::string_view bytes) {
  BinaryReader in(bytes);
  Split split{};
  Serializer<Split>::read(in, split);
  if (Status read = in.end("a split"); !read.ok()) return read;
  return split;
}

template <class Split>
std::vector<std::string> encode_splits(std::vector<Split> splits) {
  if constexpr (std::is_same_v<Split, std::string>) {
    return splits;
  } else {
    std::vector<std::string> encoded;
    for (const Split& split : splits) encoded.push_back(encode_split(split));
    return encoded;
  }
}

template <class T, class Split>
class TypedReader final : public SourceReader<T> {
 public:
  explicit TypedReader(std::unique_ptr<SourceReader<T, Split>> reader)
      : reader_(std::move(reader)) {}

  void track_splits(SplitTracker& tracker) override { reader_->track_splits(tracker); }
  Status open(OperatorContext& context) override {
    context_ = &context;
    return reader_->open(context);
  }
  void add_splits(std::vector<std::string> splits) override {
    std::vector<Split> decoded;
    for (const std::string& bytes : splits) {
      StatusOr<Split> split = decode_split<Split>(bytes);
      if (!split.ok())
        return context_->fail(split.status().with_context(
            "the source cannot read a split of the checkpoint; has the type of its splits "
            "changed? Give it another uid, or start without the checkpoint"));
      decoded.push_back(*std::move(split));
    }
    reader_->add_splits(std::move(decoded));
  }
  PollResult poll(BatchOf<T>& out, size_t max_records) override {
    return reader_->poll(out, max_records);
  }
  void pause_or_resume_splits(const std::vector<std::string>& pause,
                              const std::vector<std::string>& resume) override {
    reader_->pause_or_resume_splits(pause, resume);
  }
  std::vector<std::string> snapshot() override { return encode_splits(reader_->snapshot()); }
  void checkpoint_taken(int64_t id) override { reader_->checkpoint_taken(id); }
  void checkpoint_completed(int64_t id) override { reader_->checkpoint_completed(id); }

 private:
  const std::unique_ptr<SourceReader<T, Split>> reader_;
  OperatorContext* context_ = nullptr;
};

template <class T, class Split>
std::unique_ptr<SourceReader<T>> untyped(std::unique_ptr<SourceReader<T, Split>> reader) {
  if constexpr (std::is_same_v<Split, std::string>) {
    return reader;
  } else {
    if (reader == nullptr) return nullptr;
    return std::make_unique<TypedReader<T, Split>>(std::move(reader));
  }
}

template <class Split>
class TypedEnumerator final : public SplitEnumerator<std::string> {
 public:
  explicit TypedEnumerator(std::unique_ptr<SplitEnumerator<Split>> enumerator)
      : enumerator_(std::move(enumerator)) {}

  Status restore(std::string_view state) override { return enumerator_->restore(state); }
  StatusOr<Discovery<std::string>> discover(FileSystemRegistry& files) override {
    auto found = enumerator_->discover(files);
    if (!found.ok()) return found.status();
    return Discovery<std::string>{encode_splits(std::move(found->splits)), found->again};
  }
  std::string snapshot() const override { return enumerator_->snapshot(); }
  bool continuous() const override { return enumerator_->continuous(); }
  bool assigns_at_once() const override { return enumerator_->assigns_at_once(); }

 private:
  const std::unique_ptr<SplitEnumerator<Split>> enumerator_;
};

/// The enumerator of a source that knows all its splits at the start.
template <class SourceT>
class OnceEnumerator final : public SplitEnumerator<std::string> {
 public:
  OnceEnumerator(std::shared_ptr<const SourceT> source, int parallelism)
      : source_(std::move(source)), parallelism_(parallelism) {}

  StatusOr<Discovery<std::string>> discover(FileSystemRegistry& files) override {
    auto splits = source_->enumerate(files, parallelism_);
    if (!splits.ok()) return splits.status();
    return Discovery<std::string>{encode_splits(*std::move(splits)), {}};
  }
  bool continuous() const override { return false; }

 private:
  const std::shared_ptr<const SourceT> source_;
  const int parallelism_;
};

template <class SourceT>
EnumeratorFactory enumerator_factory(std::shared_ptr<const SourceT> source) {
  return [source](int parallelism) -> std::unique_ptr<SplitEnumerator<std::string>> {
    auto enumerator = source->create_enumerator(parallelism);
    if (enumerator == nullptr)
      return std::make_unique<OnceEnumerator<SourceT>>(source, parallelism);
    return std::make_unique<TypedEnumerator<typename SourceT::Split>>(std::move(enumerator));
  };
}

}  // namespace weir::detail
