using System.Text;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.Server.Ceremony;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Recovery;

/// <summary>Asks for a passphrase: on the terminal without showing it; where there is none (a drill by script), one line of standard input.</summary>
internal static class Passphrases
{
    /// <summary>UTF-8 in an array that the collector does not move; the caller zeroizes it.</summary>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    internal static byte[] Ask(Terminal terminal, string prompt, CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected)
        {
            return Encoding.UTF8.GetBytes(Console.In.ReadLine() ?? "");
        }

        var (memory, length) = TerminalInput.ReadHidden(terminal, $"{prompt}: ", cancellationToken);
        using (memory)
        {
            var passphrase = PinnedMemory.NewArray(length);
            memory.GetSpan()[..length].CopyTo(passphrase);
            return passphrase;
        }
    }
}
