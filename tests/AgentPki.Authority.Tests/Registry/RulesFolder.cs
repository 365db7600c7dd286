using System.Text;
using AgentPki.Authority.Registry;

namespace AgentPki.Authority.Tests.Registry;

/// <summary>A home's registry.yaml in memory.</summary>
internal sealed class RulesFolder(bool isGoverned, string? text = null) : IRegistryRulesFile
{
    public bool IsGoverned { get; } = isGoverned;

    public string? Text { get; set; } = text;

    public Exception? Failure { get; set; }

    public byte[]? Read() => Failure is { } failure ? throw failure : Text is null ? null : Encoding.UTF8.GetBytes(Text);

    public void Write(ReadOnlySpan<byte> text) => Text = Encoding.UTF8.GetString(text);
}
