//! gRPC: ours against ours, over pipes and TCP, and against peers that break rules.

mod grpc {
    mod backpressure;
    mod calls;
    mod dropped;
    mod ends;
    mod hostile;
    mod pair;
    mod raw;
    mod waiting;
}
