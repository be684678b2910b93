//! A client that makes a call of each kind, one after another.

use std::error::Error;
use std::time::Duration;

use framewright::grpc::{CallId, CallKind, ClientRequest, Code, Path};
use prost::Message as _;

use crate::channel::{Channel, Outcome};
use crate::messages::{Empty, GetUserRequest, Message, Summary, User};
use crate::socket::Target;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

pub fn run(target: &Target) -> Result<(), Box<dyn Error>> {
    let channel = &mut Channel::connect(target)?;
    get_users(channel)?;
    create_users(channel)?;
    list_users(channel)?;
    chat_users(channel)
}

fn get_users(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    for id in [1, 99] {
        let call = begin(channel, "/user.UserService/GetUser", CallKind::Unary)?;
        channel.send(call, &GetUserRequest { id }.encode_to_vec())?;
        channel.half_close(call)?;
        match channel.message(call)? {
            Ok(bytes) => {
                println!("GetUser {id}: {}", name(&User::decode(&*bytes)?));
                expect_ok(channel, call)?;
            }
            Err(end) => println!("GetUser {id}: {}", text(&end)),
        }
    }
    Ok(())
}

fn create_users(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "/user.UserService/CreateUsers", CallKind::ClientStreaming)?;
    for (id, name) in [(4, "Edsger"), (5, "Zoë")] {
        let email = format!("{}@example.com", name.to_lowercase());
        channel.send(call, &User { id, name: name.to_owned(), email }.encode_to_vec())?;
    }
    channel.half_close(call)?;
    let summary = channel.message(call)?.map_err(|end| text(&end))?;
    println!("CreateUsers: {}", Summary::decode(&*summary)?.count);
    expect_ok(channel, call)
}

fn list_users(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "/user.UserService/ListUsers", CallKind::ServerStreaming)?;
    channel.send(call, &Empty {}.encode_to_vec())?;
    channel.half_close(call)?;
    loop {
        match channel.message(call)? {
            Ok(bytes) => println!("ListUsers: {}", name(&User::decode(&*bytes)?)),
            Err(end) if end.code == Code::Ok => return Ok(()),
            Err(end) => return Err(text(&end).into()),
        }
    }
}

fn chat_users(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "/user.UserService/ChatUsers", CallKind::BidiStreaming)?;
    for text in ["hello", "goodbye"] {
        channel.send(call, &Message { text: text.to_owned() }.encode_to_vec())?;
        let reply = channel.message(call)?.map_err(|end| self::text(&end))?;
        println!("ChatUsers: {}", Message::decode(&*reply)?.text);
    }
    channel.half_close(call)?;
    expect_ok(channel, call)
}

fn begin(
    channel: &mut Channel,
    path: &'static str,
    kind: CallKind,
) -> Result<CallId, Box<dyn Error>> {
    let path = Path::parse(path).ok_or("not a path")?;
    channel.call(ClientRequest::new(path).timeout(TIMEOUT), kind)
}

fn expect_ok(channel: &mut Channel, call: CallId) -> Result<(), Box<dyn Error>> {
    match channel.message(call)? {
        Ok(_) => Err("a message too many".into()),
        Err(end) if end.code == Code::Ok => Ok(()),
        Err(end) => Err(text(&end).into()),
    }
}

fn name(user: &User) -> String {
    format!("{} <{}>", user.name, user.email)
}

fn text(end: &Outcome) -> String {
    format!("{}: {}", end.code, end.message)
}
