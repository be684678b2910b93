// The service of the race of gRPC on grpc++, for bytes instead of Protobuf's messages, by its callbacks. See
// `src/bin/grpc-framewright.rs` for what it does.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

using grpc::ByteBuffer;
using grpc::Status;

namespace {

uint32_t number(const std::vector<grpc::Slice>& slices, size_t at) {
  std::string bytes;
  for (const auto& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  const auto* b = reinterpret_cast<const unsigned char*>(bytes.data()) + at;
  return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
}

class Call : public grpc::ServerGenericBidiReactor {
 public:
  explicit Call(const std::string& method) : method_(method) { StartRead(&message_); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      if (method_ == "/bench.Bench/Upload") {
        StartWriteAndFinish(&empty_, grpc::WriteOptions(), Status::OK);
      }
      return;
    }
    if (method_ == "/bench.Bench/Echo") {
      StartWriteAndFinish(&message_, grpc::WriteOptions(), Status::OK);
    } else if (method_ == "/bench.Bench/Stream") {
      std::vector<grpc::Slice> slices;
      message_.Dump(&slices);
      left_ = number(slices, 0);
      grpc::Slice slice(std::string(number(slices, 4), '\0'));
      message_ = ByteBuffer(&slice, 1);
      Next();
    } else {
      StartRead(&message_);
    }
  }

  void OnWriteDone(bool ok) override {
    if (ok && method_ == "/bench.Bench/Stream") Next();
  }

  void OnCancel() override {
    if (method_ == "/bench.Bench/Hold") Finish(Status::CANCELLED);
  }

  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_ == 0) return Finish(Status::OK);
    --left_;
    StartWrite(&message_);
  }

  const std::string method_;
  grpc::Slice slice_;
  ByteBuffer message_, empty_ = ByteBuffer(&slice_, 1);
  uint32_t left_ = 0;
};

class Service : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return new Call(context->method());
  }
};

}  // namespace

int main() {
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  auto server = builder.BuildAndStart();
  std::printf("listening on http://127.0.0.1:%d\n", port);
  std::fflush(stdout);
  for (char byte; read(0, &byte, 1) > 0;) {
  }
  std::_Exit(0);
}
