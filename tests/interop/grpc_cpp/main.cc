// gRPC's own test cases with C++'s gRPC, in both roles.
//
//     grpc_cpp --listen
//     grpc_cpp --connect ADDRESS [CASE]

#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "grpc_testing.grpc.pb.h"

using namespace grpc::testing;
using grpc::ClientContext;
using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

namespace {

const std::string kInitial = "x-grpc-test-echo-initial";
const std::string kTrailing = "x-grpc-test-echo-trailing-bin";
const std::string kEchoStatusUrl = "type.googleapis.com/grpc.testing.EchoStatus";

template <typename Message>
void set_payload(Message* message, int size) {
  message->mutable_payload()->set_body(std::string(size, '\0'));
}

// The server.

void greet(ServerContext* context) {
  const auto& sent = context->client_metadata();
  for (auto [it, end] = sent.equal_range(kInitial); it != end; ++it)
    context->AddInitialMetadata(kInitial, {it->second.data(), it->second.size()});
  for (auto [it, end] = sent.equal_range(kTrailing); it != end; ++it)
    context->AddTrailingMetadata(kTrailing, {it->second.data(), it->second.size()});
  if (sent.find("x-echo-gzip") != sent.end()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
}

// Returns the status that is asked for, with itself as its only detail.
template <typename Request>
Status status_of(const Request& request) {
  const EchoStatus& asked = request.response_status();
  if (asked.code() == 0) return Status::OK;
  RpcStatus details;
  details.set_code(asked.code());
  details.set_message(asked.message());
  details.add_details()->PackFrom(asked);
  return Status(static_cast<StatusCode>(asked.code()), asked.message(), details.SerializeAsString());
}

template <typename Writer>
Status respond(const StreamingOutputCallRequest& request, Writer* writer) {
  if (Status status = status_of(request); !status.ok()) return status;
  for (const ResponseParameters& parameters : request.response_parameters()) {
    std::this_thread::sleep_for(std::chrono::microseconds(parameters.interval_us()));
    StreamingOutputCallResponse response;
    set_payload(&response, parameters.size());
    writer->Write(response);
  }
  return Status::OK;
}

class Service final : public TestService::Service {
  Status EmptyCall(ServerContext*, const Empty*, Empty*) override { return Status::OK; }

  Status UnaryCall(ServerContext* context, const SimpleRequest* request, SimpleResponse* response) override {
    greet(context);
    set_payload(response, request->response_size());
    return status_of(*request);
  }

  Status StreamingInputCall(ServerContext*, grpc::ServerReader<StreamingInputCallRequest>* reader,
                            StreamingInputCallResponse* response) override {
    int size = 0;
    for (StreamingInputCallRequest request; reader->Read(&request);) size += request.payload().body().size();
    response->set_aggregated_payload_size(size);
    return Status::OK;
  }

  Status StreamingOutputCall(ServerContext*, const StreamingOutputCallRequest* request,
                             grpc::ServerWriter<StreamingOutputCallResponse>* writer) override {
    return respond(*request, writer);
  }

  Status FullDuplexCall(ServerContext* context,
                        grpc::ServerReaderWriter<StreamingOutputCallResponse, StreamingOutputCallRequest>* stream) override {
    greet(context);
    for (StreamingOutputCallRequest request; stream->Read(&request);)
      if (Status status = respond(request, stream); !status.ok()) return status;
    return Status::OK;
  }
};

void serve() {
  // Before any thread begins, so that only the wait below gets it.
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, nullptr);
  Service service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::cout << "listening on http://127.0.0.1:" << port << std::endl;
  int signal = 0;
  sigwait(&term, &signal);
  server->Shutdown();
}

// The client: names, messages and sizes are those of interop-test-descriptions.md.

const int kRequests[] = {27182, 8, 1828, 45904};
const int kResponses[] = {31415, 9, 2653, 58979};
const char kSpecial[] = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

std::unique_ptr<TestService::Stub> stub;
std::unique_ptr<UnimplementedService::Stub> unimplemented;

// A call's context, with a deadline.
struct Context : ClientContext {
  explicit Context(int ms = 20'000) { set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(ms)); }
};

template <typename Found, typename Expected>
void expect(const Found& found, const Expected& expected) {
  if (found == expected) return;
  std::ostringstream text;
  text << found << " instead of " << expected;
  throw std::runtime_error(text.str());
}

void expect_status(const Status& status, StatusCode code, const std::string& message = "") {
  if (code == StatusCode::OK && !status.ok()) throw std::runtime_error(status.error_message());
  expect(static_cast<int>(status.error_code()), static_cast<int>(code));
  if (!message.empty()) expect(status.error_message(), message);
}

StreamingOutputCallRequest ask(int len, int size) {
  StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(size);
  set_payload(&request, len);
  return request;
}

template <typename Stream>
void expect_size(Stream* stream, int size) {
  StreamingOutputCallResponse response;
  expect(stream->Read(&response), true);
  expect(response.payload().body(), std::string(size, '\0'));
}

template <typename Stream>
void expect_end(Stream* stream) {
  StreamingOutputCallResponse response;
  expect(stream->Read(&response), false);
  expect_status(stream->Finish(), StatusCode::OK);
}

void empty_unary() {
  Context context;
  Empty response;
  expect_status(stub->EmptyCall(&context, Empty(), &response), StatusCode::OK);
}

void unary(ClientContext* context, const SimpleRequest& request) {
  SimpleResponse response;
  expect_status(stub->UnaryCall(context, request, &response), StatusCode::OK);
  expect(response.payload().body(), std::string(request.response_size(), '\0'));
}

void large_unary() {
  Context context;
  SimpleRequest request;
  request.set_response_size(314'159);
  set_payload(&request, 271'828);
  unary(&context, request);
}

void client_streaming() {
  Context context;
  StreamingInputCallResponse response;
  auto writer = stub->StreamingInputCall(&context, &response);
  for (int size : kRequests) {
    StreamingInputCallRequest request;
    set_payload(&request, size);
    expect(writer->Write(request), true);
  }
  writer->WritesDone();
  expect_status(writer->Finish(), StatusCode::OK);
  expect(response.aggregated_payload_size(), 74922);
}

void server_streaming() {
  Context context;
  StreamingOutputCallRequest request;
  for (int size : kResponses) request.add_response_parameters()->set_size(size);
  auto reader = stub->StreamingOutputCall(&context, request);
  for (int size : kResponses) expect_size(reader.get(), size);
  expect_end(reader.get());
}

void ping_pong() {
  Context context;
  auto stream = stub->FullDuplexCall(&context);
  for (int i = 0; i < 4; ++i) {
    stream->Write(ask(kRequests[i], kResponses[i]));
    expect_size(stream.get(), kResponses[i]);
  }
  stream->WritesDone();
  expect_end(stream.get());
}

void empty_stream() {
  Context context;
  auto stream = stub->FullDuplexCall(&context);
  stream->WritesDone();
  expect_end(stream.get());
}

void cancel_after_begin() {
  Context context;
  StreamingInputCallResponse response;
  auto writer = stub->StreamingInputCall(&context, &response);
  context.TryCancel();
  expect_status(writer->Finish(), StatusCode::CANCELLED);
}

void cancel_after_first_response() {
  Context context;
  auto stream = stub->FullDuplexCall(&context);
  stream->Write(ask(27182, 31415));
  expect_size(stream.get(), 31415);
  context.TryCancel();
  expect_status(stream->Finish(), StatusCode::CANCELLED);
}

void timeout_on_sleeping_server() {
  Context context(1);
  auto stream = stub->FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  set_payload(&request, 27182);
  stream->Write(request);
  expect_status(stream->Finish(), StatusCode::DEADLINE_EXCEEDED);
}

// Asks for a status, of a call that has sent nothing and of one that has, and expects it and its details.
void expect_asked(StatusCode code, const std::string& message) {
  EchoStatus asked;
  asked.set_code(code);
  asked.set_message(message);
  auto check = [&](const Status& status) {
    expect_status(status, code, message);
    RpcStatus details;
    expect(details.ParseFromString(status.error_details()), true);
    expect(details.code(), static_cast<int>(code));
    expect(details.message(), message);
    expect(details.details_size(), 1);
    expect(details.details(0).type_url(), kEchoStatusUrl);
    expect(details.details(0).value(), asked.SerializeAsString());
  };
  {
    Context context;
    SimpleRequest request;
    SimpleResponse response;
    *request.mutable_response_status() = asked;
    check(stub->UnaryCall(&context, request, &response));
  }
  Context context;
  auto stream = stub->FullDuplexCall(&context);
  stream->Write(ask(1, 1));
  expect_size(stream.get(), 1);
  StreamingOutputCallRequest request;
  *request.mutable_response_status() = asked;
  stream->Write(request);
  StreamingOutputCallResponse response;
  expect(stream->Read(&response), false);
  check(stream->Finish());
}

void status_code_and_message() { expect_asked(StatusCode::UNKNOWN, "test status message"); }
void special_status_message() { expect_asked(StatusCode::UNKNOWN, kSpecial); }
void status_details() { expect_asked(StatusCode::FAILED_PRECONDITION, "100 % Grüße, 世界 👋"); }

void unimplemented_method() {
  Context context;
  Empty response;
  expect_status(stub->UnimplementedCall(&context, Empty(), &response), StatusCode::UNIMPLEMENTED);
}

void unimplemented_service() {
  Context context;
  Empty response;
  expect_status(unimplemented->UnimplementedCall(&context, Empty(), &response), StatusCode::UNIMPLEMENTED);
}

void custom_metadata() {
  Context context;
  context.AddMetadata(kInitial, "test_initial_metadata_value");
  context.AddMetadata(kTrailing, "\xab\xab\xab");
  auto stream = stub->FullDuplexCall(&context);
  stream->Write(ask(271'828, 314'159));
  expect_size(stream.get(), 314'159);
  stream->WritesDone();
  expect_end(stream.get());
  auto initial = context.GetServerInitialMetadata().find(kInitial);
  expect(initial != context.GetServerInitialMetadata().end() && initial->second == "test_initial_metadata_value", true);
  auto trailing = context.GetServerTrailingMetadata().find(kTrailing);
  expect(trailing != context.GetServerTrailingMetadata().end() && trailing->second == "\xab\xab\xab", true);
}

void client_compressed_unary() {
  Context context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  SimpleRequest request;
  request.set_response_size(314'159);
  set_payload(&request, 271'828);
  request.mutable_expect_compressed()->set_value(true);
  unary(&context, request);
}

void server_compressed_unary() {
  Context context;
  context.AddMetadata("x-echo-gzip", "1");
  SimpleRequest request;
  request.set_response_size(314'159);
  unary(&context, request);
}

void a_message_over_the_limit() {
  Context context;
  SimpleRequest request;
  SimpleResponse response;
  set_payload(&request, 5'000'000);
  expect_status(stub->UnaryCall(&context, request, &response), StatusCode::RESOURCE_EXHAUSTED);
  empty_unary();
}

void a_response_over_the_limit() {
  Context context;
  SimpleRequest request;
  SimpleResponse response;
  request.set_response_size(4 << 20);
  expect_status(stub->UnaryCall(&context, request, &response), StatusCode::RESOURCE_EXHAUSTED);
  empty_unary();
}

void a_hundred_streams_at_once() {
  StreamingOutputCallRequest request;
  for (int i = 0; i < 3; ++i) {
    request.add_response_parameters()->set_size(1000);
    request.mutable_response_parameters(i)->set_interval_us(100'000);
  }
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<StreamingOutputCallResponse>>> readers;
  for (int i = 0; i < 100; ++i) {
    contexts.push_back(std::make_unique<Context>());
    readers.push_back(stub->StreamingOutputCall(contexts.back().get(), request));
  }
  for (auto& reader : readers) {
    for (int i = 0; i < 3; ++i) expect_size(reader.get(), 1000);
    expect_end(reader.get());
  }
}

void shutdown(const std::function<void()>& then) {
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<StreamingOutputCallRequest, StreamingOutputCallResponse>>> streams;
  for (int i = 0; i < 10; ++i) {
    contexts.push_back(std::make_unique<Context>());
    streams.push_back(stub->FullDuplexCall(contexts.back().get()));
    streams.back()->Write(ask(1000, 1000));
    expect_size(streams.back().get(), 1000);
  }
  std::cout << "in mid call" << std::endl;
  std::string line;
  std::getline(std::cin, line);
  then();
  for (auto& stream : streams) {
    stream->Write(ask(1000, 2000));
    stream->WritesDone();
    expect_size(stream.get(), 2000);
    expect_end(stream.get());
  }
}

void shutdown_in_mid_call() {
  shutdown([] {});
}

// Until the server is gone for good, none is lost.
void calls_in_a_shutdown() {
  shutdown([] {
    for (;;) {
      Context context;
      Empty response;
      Status status = stub->EmptyCall(&context, Empty(), &response);
      if (status.error_code() == StatusCode::UNAVAILABLE) return;
      expect_status(status, StatusCode::OK);
    }
  });
}

#define CASE(name) {#name, name}
const std::map<std::string, void (*)()> kCases = {
    CASE(empty_unary),
    CASE(large_unary),
    CASE(client_streaming),
    CASE(server_streaming),
    CASE(ping_pong),
    CASE(empty_stream),
    CASE(cancel_after_begin),
    CASE(cancel_after_first_response),
    CASE(timeout_on_sleeping_server),
    CASE(status_code_and_message),
    CASE(special_status_message),
    CASE(unimplemented_method),
    CASE(unimplemented_service),
    CASE(custom_metadata),
    CASE(client_compressed_unary),
    CASE(server_compressed_unary),
    CASE(status_details),
    CASE(a_message_over_the_limit),
    CASE(a_response_over_the_limit),
    CASE(a_hundred_streams_at_once),
};
// Run only if they are asked for, because somebody has to stop the server meanwhile.
const std::map<std::string, void (*)()> kShutdowns = {CASE(shutdown_in_mid_call), CASE(calls_in_a_shutdown)};

void run(const std::map<std::string, void (*)()>& cases) {
  for (const auto& [name, run] : cases) {
    try {
      run();
      std::cout << "ok " << name << std::endl;
    } catch (const std::exception& error) {
      std::cout << "FAILED " << name << ": " << error.what() << std::endl;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && std::string(arguments[1]) == "--listen") {
    serve();
    return 0;
  }
  std::string address = arguments[2];
  auto channel = grpc::CreateChannel(address.substr(address.find("//") == std::string::npos ? 0 : 7),
                                     grpc::InsecureChannelCredentials());
  stub = TestService::NewStub(channel);
  unimplemented = UnimplementedService::NewStub(channel);
  if (count < 4) {
    run(kCases);
  } else {
    std::string name = arguments[3];
    run({{name, kCases.count(name) ? kCases.at(name) : kShutdowns.at(name)}});
  }
  return 0;
}
