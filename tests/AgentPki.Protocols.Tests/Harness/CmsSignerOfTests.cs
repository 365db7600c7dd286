using AgentPki.Authority.Cms;
using AgentPki.Testing.Fixtures;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>The CMS signer of a whole authority, for servers in front of a scripted one.</summary>
internal static class CmsSignerOfTests
{
    private static readonly Lazy<Task<TestAuthority>> Authority = new(() => TestAuthority.StartAsync());

    public static async ValueTask<CmsSigner?> CurrentAsync(CancellationToken cancellationToken) =>
        await (await Authority.Value).Services.CmsSigners.CurrentAsync(cancellationToken);
}
