using Microsoft.Extensions.Time.Testing;

namespace AgentPki.Testing.Fixtures;

/// <summary>A clock whose hands somebody may turn while time passes as before: <see cref="FakeTimeProvider.AdjustTime"/> turns its timestamps back too, which no real clock does.</summary>
public sealed class SettableTimeProvider(DateTimeOffset start) : FakeTimeProvider(start)
{
    private long _turnedBy;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _turnedBy));

    public override long GetTimestamp() => base.GetUtcNow().Ticks;

    /// <summary>Turns the hands, and nothing else.</summary>
    public void Turn(TimeSpan by) => Interlocked.Add(ref _turnedBy, by.Ticks);
}
