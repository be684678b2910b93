//! gRPC: ours against ours, over pipes and TCP, and against peers that break rules.

mod grpc {
    mod calls;
    mod pair;
}
