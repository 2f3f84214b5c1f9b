# Says good day.
module Greet
  def self.hello(name) = "Good day, #{name}!"
end
