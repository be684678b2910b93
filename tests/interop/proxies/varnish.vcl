# Varnish in front of the gateway.
vcl 4.1;

backend gateway {
  .host = "@GATEWAY_HOST@";
  .port = "@GATEWAY_PORT@";
  .first_byte_timeout = 75s;
  .between_bytes_timeout = 75s;
}

sub vcl_recv {
  if (req.http.Upgrade ~ "(?i)websocket") {
    return (pipe);
  }
  # Nothing here can be cached.
  return (pass);
}

sub vcl_pipe {
  # Otherwise, Varnish takes them out.
  set bereq.http.Upgrade = req.http.Upgrade;
  set bereq.http.Connection = req.http.Connection;
}
