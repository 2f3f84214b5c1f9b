require_relative "lib/greet/version"

Gem::Specification.new do |spec|
  spec.name = "greet"
  spec.version = Greet::VERSION
  spec.summary = "Says good day"
  spec.authors = ["Shop"]
  spec.files = Dir["lib/**/*.rb"]
end
