import http from 'node:http';

http.get({ port: Number(process.env.PORT), path: '/' }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1))
  .on('error', () => process.exit(1));
