<?php

require __DIR__ . '/../vendor/autoload.php';

foreach (array_slice($argv, 1) as $name) {
    echo Example\Greet\Greeting::hello($name), "\n";
}
