using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>Clients that this system's Debian has not or has too old, unpacked privately by <c>tests/foreign/acme-clients.sh</c>.</summary>
internal static class NewerClients
{
    private static readonly SemaphoreSlim One = new(1);

    /// <summary>The path of <c>caddy</c> or <c>lego</c>.</summary>
    public static async Task<string> FindAsync(string program) => Path.Combine(await FolderAsync(), "bin", program);

    /// <summary>The folder in which Node.js finds the package acme-client.</summary>
    public static async Task<string> NodeModulesAsync() => Path.Combine(await FolderAsync(), "node_modules");

    private static async Task<string> FolderAsync()
    {
        await One.WaitAsync();
        try
        {
            var made = await Tool.RunAsync(Path.Combine(SourceTree.Root, "tests", "foreign", "acme-clients.sh"), [Path.Combine(SourceTree.Root, ".tools", "acme-clients")], limit: TimeSpan.FromMinutes(10));
            return made.MustSucceed().Text.Trim();
        }
        finally
        {
            One.Release();
        }
    }
}
