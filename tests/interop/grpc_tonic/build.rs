//! Generates the service; needs `protoc`.

fn main() -> std::io::Result<()> {
    tonic_prost_build::compile_protos("../grpc_testing.proto")
}
