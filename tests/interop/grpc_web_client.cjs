// The checks of gRPC-Web that Node can run, with its own `fetch`: one per call, named on the command line.
//
//     node grpc_web_client.cjs --list
//     node grpc_web_client.cjs --list-browser
//     node grpc_web_client.cjs CHECK ADDRESS
'use strict';

const { inBrowser, inNode } = require('./grpc_web_checks.cjs');

const [, , name, address] = process.argv;

if (name === '--list') {
  console.log(JSON.stringify(Object.keys(inNode(''))));
} else if (name === '--list-browser') {
  console.log(JSON.stringify(Object.keys(inBrowser(''))));
} else {
  setTimeout(() => {
    console.error('not done within 30 s');
    process.exit(1);
  }, 30_000);
  inNode(`http://${address}`)[name]().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
