//! The messages of the service, as `protoc` would generate them.
//!
//! ```text
//! package user;
//!
//! service UserService {
//!   rpc GetUser(GetUserRequest) returns (User);
//!   rpc ListUsers(Empty) returns (stream User);
//!   rpc CreateUsers(stream User) returns (Summary);
//!   rpc ChatUsers(stream Message) returns (stream Message);
//! }
//! ```

#[derive(Clone, PartialEq, prost::Message)]
pub struct User {
    #[prost(int64, tag = "1")]
    pub id: i64,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub email: String,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct GetUserRequest {
    #[prost(int64, tag = "1")]
    pub id: i64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Empty {}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Summary {
    #[prost(int32, tag = "1")]
    pub count: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Message {
    #[prost(string, tag = "1")]
    pub text: String,
}
