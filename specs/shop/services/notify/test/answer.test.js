import assert from 'node:assert';
import test from 'node:test';
import { answer } from '../src/answer.js';

test('answers', () => assert.equal(answer('ann'), 'a letter to ann is sent\n'));
