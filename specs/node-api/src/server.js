import http from 'node:http';
import { greeting } from './greeting.js';

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(greeting(url.searchParams.get('name')));
});
server.listen(Number(process.env.PORT));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
