using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Ceremony;

/// <summary>Each officer names his key file and types its passphrase.</summary>
/// <param name="folder">What relative paths are relative to.</param>
/// <param name="cards">Opens what is not a file.</param>
internal sealed class TypedOfficerKeys(Terminal terminal, string folder, CardReader cards)
{
    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);

    /// <returns>The key; or why not, without a full stop.</returns>
    public async Task<(OfficerKey? Key, string? Problem)> OpenAsync(Officer officer, CancellationToken cancellationToken)
    {
        var usual = _paths.GetValueOrDefault(officer.Name) ?? $"{officer.Name}.key";
        var typed = TerminalInput.ReadLine(terminal, $"   {officer.Name}'s key file, or card KIND LABEL [{usual}]: ", cancellationToken);
        if ((typed is { Length: > 0 } ? typed : usual) is var named && CardReader.IsCard(named))
        {
            var opened = await cards.OpenAsync(named, officer, cancellationToken);
            _paths[officer.Name] = opened.Key is null ? usual : named;
            return opened;
        }

        var path = Path.GetFullPath(typed is { Length: > 0 } ? typed : usual, folder);
        if (!File.Exists(path))
        {
            return (null, $"There is no file {path}");
        }

        var text = await File.ReadAllTextAsync(path, cancellationToken);
        var (memory, length) = TerminalInput.ReadHidden(terminal, $"   passphrase of {officer.Name}: ", cancellationToken);
        using (memory)
        {
            if (!OfficerKeyFile.TryOpen(text, officer, memory.GetSpan()[..length], out var key, out var problem))
            {
                return (null, $"{path}: {problem}");
            }

            _paths[officer.Name] = path;
            return (key, null);
        }
    }
}
