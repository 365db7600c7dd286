using System.Text.Json.Serialization;

namespace AgentPki.Server.Demo.Cast;

/// <summary>What the story has an agent do: a line of JSON on its standard input.</summary>
/// <param name="With">What the order is about, as <see cref="AgentActor"/> reads it.</param>
internal sealed record AgentOrder(long Number, string Do, IReadOnlyList<string> With);

/// <summary>What came of an order.</summary>
internal enum AgentOutcome
{
    Done,

    /// <summary>Whoever was asked said no.</summary>
    Refused,

    /// <summary>Nobody said no, and it did not work.</summary>
    Failed,
}

/// <summary>The answer: a line of JSON on the agent's standard output; answers come in any order.</summary>
/// <param name="At">When that was, by the monotonic clock that all processes of a machine share (<see cref="TimeProvider.GetTimestamp"/>).</param>
internal sealed record AgentAnswer(long Number, AgentOutcome Outcome, string Text, long At);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AgentOrder))]
[JsonSerializable(typeof(AgentAnswer))]
internal sealed partial class DemoJson : JsonSerializerContext;
