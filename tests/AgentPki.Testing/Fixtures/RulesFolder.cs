using System.Text;
using AgentPki.Authority.Governance;

namespace AgentPki.Testing.Fixtures;

/// <summary>A home's registry.yaml or watch.yaml in memory.</summary>
public sealed class RulesFolder(bool isGoverned, string? text = null) : IRulesFile
{
    public bool IsGoverned { get; } = isGoverned;

    public string? Text { get; set; } = text;

    public Exception? Failure { get; set; }

    public byte[]? Read() => Failure is { } failure ? throw failure : Text is null ? null : Encoding.UTF8.GetBytes(Text);

    public void Write(ReadOnlySpan<byte> text) => Text = Encoding.UTF8.GetString(text);
}
