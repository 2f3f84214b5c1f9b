require "greet"

ARGV.each { |name| puts Greet.hello(name) }
