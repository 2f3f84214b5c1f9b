import http from 'node:http';
import { answer } from './answer.js';

const server = http.createServer((request, response) => {
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(request.url === '/healthz' ? 'ok\n' : answer(request.url.slice(1)));
});
server.listen(Number(process.env.PORT));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
