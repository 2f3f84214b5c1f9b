listen();
