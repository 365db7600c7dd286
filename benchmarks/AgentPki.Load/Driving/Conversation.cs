using AgentPki.Load.Http;

namespace AgentPki.Load.Driving;

/// <summary>What one connection says and how it judges what it hears. Used by one thread.</summary>
internal abstract class Conversation
{
    internal abstract HttpConnection Open();

    /// <summary>The next whole request.</summary>
    internal abstract ReadOnlyMemory<byte> Next();

    /// <summary>Null when the answer is what was asked for, else a short reason (a key of the report, so without details).</summary>
    internal abstract string? Examine(in HttpAnswer answer, bool measured);

    /// <summary>Whether the last answer ended an operation: of several exchanges only the whole counts, with the time of all.</summary>
    internal virtual bool IsComplete => true;
}
