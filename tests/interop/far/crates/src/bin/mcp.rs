//! `rmcp` as a client: `mcp NAME URL`. Prints what each check saw, as lines of JSON.

use std::sync::{Arc, Mutex};

use rmcp::model::{CallToolRequestParams, ProgressNotificationParam};
use rmcp::service::NotificationContext;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use serde_json::{Map, Value, json};

/// Keeps the messages of the progress that it hears of.
#[derive(Clone, Default)]
struct Client {
    progress: Arc<Mutex<Vec<Option<String>>>>,
}

impl ClientHandler for Client {
    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.progress.lock().expect("nobody panics").push(params.message);
    }
}

#[tokio::main]
async fn main() {
    if let Err(e) = check().await {
        println!("{}", json!(["the rest", e.to_string()]));
    }
}

async fn check() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(2).ok_or("usage: mcp NAME URL")?;
    let client = Client::default();
    let progress = Arc::clone(&client.progress);
    let service =
        client.serve(StreamableHttpClientTransport::from_uri(format!("{base}/mcp"))).await?;
    let tools: Vec<_> = service.list_all_tools().await?.into_iter().map(|tool| tool.name).collect();
    println!("{}", json!(["tools", tools]));
    let arguments = Map::from_iter([("text".to_owned(), Value::from("x"))]);
    let result =
        service.call_tool(CallToolRequestParams::new("say").with_arguments(arguments)).await?;
    let said = result.content.first().and_then(|content| content.as_text()).map(|text| &text.text);
    println!("{}", json!(["call", said]));
    println!("{}", json!(["progress", *progress.lock().expect("nobody panics")]));
    Ok(())
}
